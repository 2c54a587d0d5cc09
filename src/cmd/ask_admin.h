/* Asks a running router's admin listener, for the commands that print its answers. */
#ifndef MR_CMD_ASK_ADMIN_H
#define MR_CMD_ASK_ADMIN_H

#include <stdbool.h>

#include "base/buf.h"
#include "cmd/command.h"

struct mr_admin_question {
    const char *config_file; /* --config */
    const char *admin;       /* --admin */
};

/* Rows for an option table. */
#define MR_ASK_ADMIN_OPTIONS(question)                                                             \
    {"config", MR_OPTION_TEXT, &(question)->config_file, "FILE",                                   \
     "Configuration file that names the admin listener (default: as for run)."},                   \
    {                                                                                              \
        "admin", MR_OPTION_TEXT, &(question)->admin, "HOST:PORT",                                  \
            "Address of the admin listener (default: admin.listen, 127.0.0.1:8080)."               \
    }

/* GETs `path` (as text, or as JSON) from the listener that options and configuration name. Returns
 * 0 with the answer's HTTP status and body (the caller frees it). If nobody listens, or if no
 * answer comes in time, prints that and returns an enum mr_exit. A bad configuration on disk is an
 * error only if nobody listens: the router may run with another one. */
int mr_ask_admin(const struct mr_command *self, const struct mr_admin_question *question,
                 const char *path, bool as_json, long *status, struct mr_buf *body);

#endif
