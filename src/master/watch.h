/* Reports changes of scripts and other files on disk: a file is written in place, replaced by
 * another (as editors do), added or removed. Folders below the scripts folder are watched too. */
#ifndef MR_MASTER_WATCH_H
#define MR_MASTER_WATCH_H

#include <uv.h>

struct mr_watch;

enum { MR_WATCH_QUIET = 100 }; /* ms without a change before `changed` is called */

/* Starts to watch. `files` (a NULL-terminated list, or NULL) need not exist, nor need the scripts
 * folder. Copies the strings. */
struct mr_watch *mr_watch_new(uv_loop_t *loop, const char *scripts, const char *const *files,
                              void (*changed)(void *context), void *context);
/* Closes the handles. The loop must run once more. NULL is allowed. */
void mr_watch_free(struct mr_watch *watch);

#endif
