#include <stdio.h>

#include "base/print.h"
#include "cmd/ask_admin.h"
#include "cmd/options.h"

int mr_cmd_health(const struct mr_command *self, int argc, char **argv)
{
    struct mr_admin_question question = {0};
    int code;
    const struct mr_option options[] = {MR_ASK_ADMIN_OPTIONS(&question), {.name = NULL}};
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    struct mr_buf body = {0};
    long status = 0;
    code = mr_ask_admin(self, &question, "/health", false, &status, &body);
    if (code == 0) {
        mr_print_bytes(stdout, (struct mr_bytes){body.data, body.length});
        code = status == 200 ? MR_EXIT_OK : MR_EXIT_FAILED;
    }
    mr_buf_free(&body);
    return code;
}
