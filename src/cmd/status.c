#include <stdio.h>

#include "base/print.h"
#include "cmd/ask_admin.h"
#include "cmd/options.h"

int mr_cmd_status(const struct mr_command *self, int argc, char **argv)
{
    struct mr_admin_question question = {0};
    bool as_json = false;
    int code;
    const struct mr_option options[] = {
        MR_ASK_ADMIN_OPTIONS(&question),
        {"json", MR_OPTION_FLAG, &as_json, NULL, "Print JSON, with more numbers."},
        {.name = NULL},
    };
    if (mr_options_parse(self, options, argc, argv, 0, 0, &code) < 0)
        return code;
    struct mr_buf body = {0};
    long status = 0;
    code = mr_ask_admin(self, &question, "/status", as_json, &status, &body);
    if (code == 0 && status != 200) {
        fprintf(stderr, "moonroute status: the server at that address is no router (HTTP %ld)\n",
                status);
        code = MR_EXIT_UNAVAILABLE;
    } else if (code == 0) {
        mr_print_bytes(stdout, (struct mr_bytes){body.data, body.length});
    }
    mr_buf_free(&body);
    return code;
}
