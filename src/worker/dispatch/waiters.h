/* Messages of retry topics that wait for long, in a list per partition, in the order in which they
 * began to wait. */
#ifndef MR_WORKER_DISPATCH_WAITERS_H
#define MR_WORKER_DISPATCH_WAITERS_H

#include "worker/dispatch/context.h"

enum { MR_WAITERS_LOOK_MS = 200, MR_WAITERS_LONGEST_HOLD_MS = 60000 };

/* Makes the job wait until it is due; then the job is enqueued. A look follows
 * (failure/later.h). */
void mr_waiters_add(struct mr_dispatch *dispatch, struct mr_job *job);
/* Makes the job wait on, on the shelf, after its move was refused. Frees job->failure. */
void mr_waiters_stay(struct mr_dispatch *dispatch, struct mr_job *job);
/* Arms the timer for the next look in `ms`, unless it is armed. */
void mr_waiters_look_after(struct mr_dispatch *dispatch, uint64_t ms);

#endif
