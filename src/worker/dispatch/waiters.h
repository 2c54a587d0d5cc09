/* The messages of retry topics that wait for long, per partition, the oldest first. */
#ifndef MR_WORKER_DISPATCH_WAITERS_H
#define MR_WORKER_DISPATCH_WAITERS_H

#include "worker/dispatch/context.h"

enum { MR_WAITERS_LOOK_MS = 200, MR_WAITERS_LONGEST_HOLD_MS = 60000 };

/* The job waits until it is due, and is enqueued then. A look follows (later.h). */
void mr_waiters_add(struct mr_dispatch *dispatch, struct mr_job *job);
/* The job could not be moved behind: it waits on, on the shelf. */
void mr_waiters_stay(struct mr_dispatch *dispatch, struct mr_job *job);
/* The look at those that wait comes after `ms`, if none is to come yet. */
void mr_waiters_look_after(struct mr_dispatch *dispatch, uint64_t ms);

#endif
