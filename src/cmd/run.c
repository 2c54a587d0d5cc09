#include "cmd/serve.h"

static struct mr_snapshot *read_snapshot(void *context, uint64_t generation,
                                         struct mr_errors *errors)
{
    return mr_settings_snapshot(context, generation, errors);
}

static void on_accepted(void *context)
{
    mr_settings_accepted(context);
}

int mr_cmd_run(const struct mr_command *self, int argc, char **argv)
{
    struct mr_settings settings = {0};
    int code;
    const struct mr_option options[] = {
        MR_SETTINGS_FILE_OPTIONS(&settings),
        MR_SETTINGS_RUN_OPTIONS(&settings, "workers, one per CPU", "log.format, json"),
        {.name = NULL},
    };
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    struct mr_master_options master = {
        .read = read_snapshot, .accepted = on_accepted, .context = &settings};
    return mr_serve(&settings, &master);
}
