/* What is said of a worker that ended: how, and what it was doing. */
#ifndef MR_MASTER_OBITUARY_H
#define MR_MASTER_OBITUARY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/scoreboard.h"

/* What the master killed it for. */
enum mr_forced { MR_FORCED_NOT, MR_FORCED_OVERRAN, MR_FORCED_WEDGED };

/* "signal SIGSEGV", "exit status 70"; and the budget that it ended of. `status` is that of
 * waitpid(2). */
enum { MR_OBITUARY_CAUSE = 96 };
void mr_obituary_cause(int status, enum mr_forced forced, char cause[MR_OBITUARY_CAUSE]);

/* It was asked to end and did so. */
bool mr_obituary_in_order(int status, bool asked);

/* Logs it: as an error, or where it ended in order, for information. The slot must not be vacated
 * yet. */
void mr_obituary_log(uint64_t worker, pid_t pid, const char *cause, const struct mr_slot *slot,
                     bool in_order);

#endif
