#include "cmd/serve.h"

#include <stdio.h>
#include <string.h>

#include "base/exit.h"
#include "base/log.h"
#include "base/print.h"
#include "config/log_settings.h"
#include "lua/known_faults.h"
#include "lua/version.h"

static void warn_pending(void *context, const char *name, const char *value)
{
    (void)context;
    mr_log(MR_LOG_WARN, "setting_without_effect", MR_S("key", name), MR_S("value", value),
           MR_S("message", "this version does not support the setting yet"));
}

/* Warns if this LuaJIT has faults that the one that ships has not. */
static void warn_old_lua(void)
{
    size_t mended =
        mr_known_faults_mended(mr_lua_known_faults, mr_lua_version_number(), MR_LUA_SHIPS);
    if (mended > 0)
        mr_log(MR_LOG_WARN, "luajit_is_old", MR_S("version", mr_lua_version()),
               MR_I("faults", (int64_t)mended),
               MR_S("message",
                    "the LuaJIT that ships has fewer faults: `moonroute version` names them"));
}

/* Checks the configuration and opens the log. This comes before the scripts are read, so that a bad
 * configuration ends with another exit code than a bad script. */
static bool set_up(const struct mr_settings *settings)
{
    struct mr_errors errors = {0};
    struct mr_config *config = mr_settings_config(settings, &errors);
    int opened = errors.count == 0 ? mr_log_settings(config, "master") : 0;
    if (opened != 0)
        mr_errors_add(&errors, "log.file: cannot open %s: %s", mr_config_string(config, "log.file"),
                      strerror(-opened));
    mr_config_hide_secrets(config, &errors);
    bool good = errors.count == 0;
    if (good) {
        mr_config_pending(config, warn_pending, NULL);
        warn_old_lua();
    }
    mr_print(stderr, "%s", mr_errors_text(&errors));
    mr_errors_free(&errors);
    mr_config_free(config);
    return good;
}

int mr_serve(const struct mr_settings *settings, struct mr_master_options *options)
{
    const char *const files[] = {
        settings->config_file != NULL ? settings->config_file : "config/moonroute.lua",
        settings->config_file != NULL ? NULL : "/etc/moonroute/moonroute.lua", NULL};
    if (!set_up(settings))
        return MR_EXIT_CONFIG;
    options->version = MR_VERSION;
    options->files = files;
    return mr_master_run(options);
}
