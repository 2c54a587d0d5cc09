#include "cmd/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/panic.h"
#include "kafka/check.h"
#include "lua/config_process.h"

/* Tried in this order if no file is named. */
static const char *const usual_files[] = {"config/moonroute.lua", "/etc/moonroute/moonroute.lua"};

/* Returns true if the path is known to lead to nothing, not even to a link that leads nowhere. */
static bool is_absent(const char *path)
{
    struct stat info;
    return lstat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* Returns true if neither the file nor anything in its place is there. A file that cannot be looked
 * for is not absent, nor is one in a folder that is a link to nowhere. */
static bool is_not_there(const char *file)
{
    char *folder = mr_strndup(file, (size_t)(strrchr(file, '/') - file));
    bool reachable = access(folder, F_OK) == 0;
    bool absent = is_absent(file) && (reachable || is_absent(folder));
    free(folder);
    return absent;
}

/* Returns the configuration file; NULL if there is none. A file that is in use counts as being
 * there. */
static const char *find_file(const struct mr_settings *settings)
{
    if (settings->config_file != NULL)
        return settings->config_file;
    for (size_t i = 0; i < sizeof(usual_files) / sizeof(usual_files[0]); i++)
        if (settings->in_use == usual_files[i] || !is_not_there(usual_files[i]))
            return usual_files[i];
    return NULL;
}

static void take_options(struct mr_config *config, const struct mr_settings *settings,
                         struct mr_errors *errors)
{
    const struct {
        const char *value, *path, *option;
    } options[] = {
        {settings->scripts, "scripts", "--scripts"},
        {settings->brokers, "kafka.brokers", "--brokers"},
        {settings->workers, "workers", "--workers"},
        {settings->admin, "admin.listen", "--admin"},
        {settings->log_level, "log.level", "--log-level"},
        {settings->log_format, "log.format", "--log-format"},
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (options[i].value != NULL)
            mr_config_set_text(config, options[i].path, options[i].value, options[i].option,
                               errors);
}

struct mr_config *mr_settings_config(const struct mr_settings *settings, struct mr_errors *errors)
{
    struct mr_config *config = mr_config_new();
    const char *file = find_file(settings);
    take_options(config, settings, errors);
    mr_config_environment(config, environ, errors);
    if (file != NULL)
        mr_config_process_file(config, file, errors);
    if (settings->complete != NULL)
        settings->complete(settings->context, config, errors);
    mr_config_check(config, file == NULL ? "configuration" : file, errors);
    mr_kafka_check(config, errors);
    mr_config_hide_secrets(config, errors);
    return config;
}

struct mr_snapshot *mr_settings_snapshot(struct mr_settings *settings, uint64_t generation,
                                         struct mr_errors *errors)
{
    size_t errors_before = errors->count;
    struct mr_config *config = mr_settings_config(settings, errors);
    if (errors->count > errors_before) {
        mr_config_free(config);
        return NULL;
    }
    struct mr_snapshot *snapshot =
        mr_snapshot_read(generation, config, mr_config_string(config, "scripts"), errors);
    if (errors->count == errors_before) {
        settings->read_last = find_file(settings);
        return snapshot;
    }
    mr_config_hide_secrets(snapshot->config, errors);
    mr_snapshot_free(snapshot);
    return NULL;
}

void mr_settings_accepted(struct mr_settings *settings)
{
    settings->in_use = settings->read_last;
}
