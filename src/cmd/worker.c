#include "worker/runtime/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "cmd/options.h"

int mr_cmd_worker(const struct mr_command *self, int argc, char **argv)
{
    const char *slot = NULL;
    int code;
    const struct mr_option options[] = {
        {"slot", MR_OPTION_TEXT, &slot, "N", "Number of the worker's slot in the scoreboard."},
        {.name = NULL},
    };
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    if (slot == NULL) {
        fprintf(stderr, "moonroute worker: workers are started by `moonroute run`\n");
        return MR_EXIT_USAGE;
    }
    /* Otherwise the kernel names the process after the file that the master executes, "exe". */
    prctl(PR_SET_NAME, program_invocation_name);
    return mr_worker_run(strtoull(slot, NULL, 10));
}
