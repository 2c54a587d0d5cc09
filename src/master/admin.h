/* The admin listener: health, metrics and status over HTTP. libmicrohttpd on the master's loop, no
 * thread of its own. It only reads, and what it is asked is bounded: connections, their memory and
 * their time. */
#ifndef MR_MASTER_ADMIN_H
#define MR_MASTER_ADMIN_H

#include <uv.h>

#include "base/errors.h"
#include "master/view.h"

struct mr_admin;

/* Listens at the address, or adds an error that names `key`, the setting, and returns NULL. `look`
 * fills the view for each answer; what it points to has to last until the next turn of the loop.
 * Logs admin_listening with the address. */
struct mr_admin *mr_admin_new(uv_loop_t *loop, const char *key, const char *address,
                              void (*look)(void *context, struct mr_view *view), void *context,
                              struct mr_errors *errors);
/* Closes connections and handles (the loop has to run once more). */
void mr_admin_free(struct mr_admin *admin);
/* Where it listens: the port is the real one where 0 was asked for. */
int mr_admin_port(const struct mr_admin *admin);

/* The version of libmicrohttpd. */
const char *mr_admin_library(void);

#endif
