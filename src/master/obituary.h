/* Describes and logs how a worker ended, and what it was doing. */
#ifndef MR_MASTER_OBITUARY_H
#define MR_MASTER_OBITUARY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/scoreboard.h"

/* Why the master killed the worker. */
enum mr_forced { MR_FORCED_NOT, MR_FORCED_OVERRAN, MR_FORCED_WEDGED };

/* Writes the cause, such as "signal SIGSEGV" or "exit status 70", and the reason if it is known.
 * `status` is from waitpid(2). */
enum { MR_OBITUARY_CAUSE = 96 };
void mr_obituary_cause(int status, enum mr_forced forced, char cause[MR_OBITUARY_CAUSE]);

/* Returns true if the worker was asked to end and did so, or if it ended because its scripts kept
 * too much memory. */
bool mr_obituary_in_order(int status, bool asked);

/* Logs the end: for information if it was in order, otherwise as an error. Call it before the slot
 * is vacated. */
void mr_obituary_log(uint64_t worker, pid_t pid, const char *cause, const struct mr_slot *slot,
                     bool in_order);

#endif
