/* A file that keeps the master's list of deadly messages beyond the master's death. It is in
 * /dev/shm. Containers with a read-only root can write there, too, and the file lasts until the
 * machine or the pod is gone. A list that is older than an hour is not read: topics may have been
 * created again since. */
#ifndef MR_MASTER_GUARD_FILE_H
#define MR_MASTER_GUARD_FILE_H

#include "base/machine/claim.h"
#include "base/poison.h"

/* {0} keeps nothing. */
struct mr_guard_file {
    char path[128]; /* "": nothing is kept */
    struct mr_claim claim;
    bool failed; /* that is in the log already */
};

/* Chooses the file. Masters of one name on this machine have files of their own; a master that
 * starts again gets the file of the one that died. */
void mr_guard_file_begin(struct mr_guard_file *file, const char *directory, const char *name);
/* Adds the messages that the file has. Ignores a file that is malformed, or another user's. `now`:
 * ms of wall time. */
void mr_guard_file_read(const struct mr_guard_file *file, struct mr_poisons *poisons, int64_t now);
/* Replaces the file's list; removes the file if the list is empty. Logs the first failure. */
void mr_guard_file_write(struct mr_guard_file *file, const struct mr_poisons *poisons, int64_t now);
void mr_guard_file_end(struct mr_guard_file *file); /* the file stays */

#endif
