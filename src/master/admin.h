/* Serves health, metrics and status over HTTP: libmicrohttpd on the master's loop, without a thread
 * of its own. Requests change nothing. Connections are bounded in number, memory and idle time. */
#ifndef MR_MASTER_ADMIN_H
#define MR_MASTER_ADMIN_H

#include <uv.h>

#include "base/errors.h"
#include "master/view.h"

struct mr_admin;

/* Listens at `address` and logs admin_listening with it. If that fails, adds an error that names
 * the setting `key`, and returns NULL. `look` fills the view for each answer. The data that the
 * view points to must last until the next turn of the loop. */
struct mr_admin *mr_admin_new(uv_loop_t *loop, const char *key, const char *address,
                              void (*look)(void *context, struct mr_view *view), void *context,
                              struct mr_errors *errors);
/* Closes connections and handles. The loop must run once more. NULL is allowed. */
void mr_admin_free(struct mr_admin *admin);
/* Returns the port. If the address has port 0, this is the port that the system chose. */
int mr_admin_port(const struct mr_admin *admin);

/* Returns the version of libmicrohttpd. */
const char *mr_admin_library(void);

#endif
