#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cmd/settings.h"
#include "master/master.h"

static struct mr_snapshot *read_snapshot(void *context, uint64_t generation,
                                         struct mr_errors *errors)
{
    return mr_settings_snapshot(context, generation, errors);
}

static void warn_pending(void *context, const char *name, const char *value)
{
    (void)context;
    mr_log(MR_LOG_WARN, "setting_without_effect", MR_S("key", name), MR_S("value", value),
           MR_S("message", "this version does not do that yet"));
}

static void open_log(const struct mr_config *config, struct mr_errors *errors)
{
    const char *file = mr_config_string(config, "log.file");
    bool json = strcmp(mr_config_string(config, "log.format"), "json") == 0;
    enum mr_log_level level = mr_log_level_of(mr_config_string(config, "log.level"));
    int result = mr_log_open(file, json ? MR_LOG_JSON : MR_LOG_TEXT, level, "master");
    if (result != 0)
        mr_errors_add(errors, "log.file: cannot open %s: %s", file, strerror(-result));
}

/* What only the configuration can get wrong, so that it ends with another code than a script. */
static bool set_up(const struct mr_settings *settings)
{
    struct mr_errors errors = {0};
    struct mr_config *config = mr_settings_config(settings, &errors);
    if (errors.count == 0)
        open_log(config, &errors);
    if (errors.count == 0)
        mr_config_pending(config, warn_pending, NULL);
    bool good = errors.count == 0;
    fputs(mr_errors_text(&errors), stderr);
    mr_errors_free(&errors);
    mr_config_free(config);
    return good;
}

int mr_cmd_run(const struct mr_command *self, int argc, char **argv)
{
    struct mr_settings settings = {0};
    int code;
    const struct mr_option options[] = {
        MR_SETTINGS_FILE_OPTIONS(&settings),
        MR_SETTINGS_RUN_OPTIONS(&settings),
        {.name = NULL},
    };
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    if (!set_up(&settings))
        return MR_EXIT_CONFIG;
    const struct mr_master_options master = {
        .read = read_snapshot, .context = &settings, .version = MR_VERSION};
    return mr_master_run(&master);
}
