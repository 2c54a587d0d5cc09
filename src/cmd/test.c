#include <stdio.h>
#include <unistd.h>

#include "base/print.h"
#include "cmd/settings.h"
#include "lua/specs.h"

/* busted's own default. */
static const char usual_path[] = "spec";

static int run(const char *path, const struct mr_config *config)
{
    switch (mr_specs_run(path, config)) {
    case MR_SPECS_PASSED:
        return MR_EXIT_OK;
    case MR_SPECS_FAILED:
        return MR_EXIT_FAILED;
    case MR_SPECS_NO_BUSTED:
        fputs("moonroute test: busted is not installed: apt-get install lua-busted\n", stderr);
        return MR_EXIT_UNAVAILABLE;
    case MR_SPECS_BROKEN:
        return MR_EXIT_INTERNAL; /* the reason is printed already */
    }
    return MR_EXIT_INTERNAL;
}

/* Runs the specs. The configuration only decides if scripts are trusted, and which variables they
 * may read. */
static int run_as_configured(const char *path, const struct mr_settings *settings)
{
    struct mr_errors errors = {0};
    struct mr_config *config = mr_settings_config(settings, &errors);
    int code = MR_EXIT_CONFIG;
    if (errors.count == 0)
        code = run(path, config);
    else
        mr_print(stderr, "%s", mr_errors_text(&errors));
    mr_errors_free(&errors);
    mr_config_free(config);
    return code;
}

int mr_cmd_test(const struct mr_command *self, int argc, char **argv)
{
    int code;
    struct mr_settings settings = {0};
    const struct mr_option options[] = {MR_SETTINGS_CONFIG_OPTION(&settings), {.name = NULL}};
    int count = mr_options_parse(self, options, argc, argv, 0, 1, &code);
    if (count < 0)
        return code;
    const char *path = count == 1 ? argv[1] : usual_path;
    if (access(path, R_OK) == 0)
        return run_as_configured(path, &settings);
    mr_print(stderr,
             "moonroute test: no specs at %s: name a file or a folder of *_spec.lua files\n", path);
    return MR_EXIT_USAGE;
}
