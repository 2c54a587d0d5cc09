/* What is said of a worker that ended: how, and what it was doing. */
#ifndef MR_MASTER_OBITUARY_H
#define MR_MASTER_OBITUARY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/scoreboard.h"

/* "signal SIGSEGV", "exit status 70". `status` is that of waitpid(2). */
enum { MR_OBITUARY_CAUSE = 48 };
void mr_obituary_cause(int status, char cause[MR_OBITUARY_CAUSE]);

/* Logs it: as an error, or where it had been `asked` to end and did so in order, for information.
 * The slot must not be vacated yet. */
void mr_obituary_log(uint64_t worker, pid_t pid, int status, const struct mr_slot *slot,
                     bool asked);

#endif
