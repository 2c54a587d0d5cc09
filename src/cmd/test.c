#include <stdio.h>
#include <unistd.h>

#include "cmd/options.h"
#include "lua/specs.h"

/* busted's own default. */
static const char usual_path[] = "spec";

static int run(const char *path)
{
    switch (mr_specs_run(path)) {
    case MR_SPECS_PASSED:
        return MR_EXIT_OK;
    case MR_SPECS_FAILED:
        return MR_EXIT_FAILED;
    case MR_SPECS_NO_BUSTED:
        fputs("moonroute test: busted is not installed: apt-get install lua-busted\n", stderr);
        return MR_EXIT_UNAVAILABLE;
    case MR_SPECS_BROKEN:
        return MR_EXIT_INTERNAL; /* it said why */
    }
    return MR_EXIT_INTERNAL;
}

int mr_cmd_test(const struct mr_command *self, int argc, char **argv)
{
    int code;
    const struct mr_option options[] = {{.name = NULL}};
    int count = mr_options_parse(self, options, argc, argv, 0, 1, &code);
    if (count < 0)
        return code;
    const char *path = count == 1 ? argv[1] : usual_path;
    if (access(path, R_OK) == 0)
        return run(path);
    fprintf(stderr, "moonroute test: no specs at %s: name a file or a folder of *_spec.lua files\n",
            path);
    return MR_EXIT_USAGE;
}
