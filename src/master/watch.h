/* Tells when scripts or other files change on disk: a file written in place, or replaced by another
 * as editors do, a new one, one less, and all of it again in the folders below lib/. */
#ifndef MR_MASTER_WATCH_H
#define MR_MASTER_WATCH_H

#include <uv.h>

struct mr_watch;

enum { MR_WATCH_QUIET = 100 }; /* ms without a change before it is told */

/* `files` (a NULL-ended list; or NULL) need not exist, nor need the scripts folder. Strings are
 * copied. */
struct mr_watch *mr_watch_new(uv_loop_t *loop, const char *scripts, const char *const *files,
                              void (*changed)(void *context), void *context);
/* Closes its handles (the loop has to run once more). */
void mr_watch_free(struct mr_watch *watch);

#endif
