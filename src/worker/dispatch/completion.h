/* A job leaves its order chain when its handler has ended. It leaves the worker in mr_settle() and
 * nowhere else. */
#ifndef MR_WORKER_DISPATCH_COMPLETION_H
#define MR_WORKER_DISPATCH_COMPLETION_H

#include "worker/dispatch/context.h"

/* Settles the job if its handler has ended and all its records are reported. Frees the job, and
 * perhaps its partition. If the job is in a commit line, hands it to the transaction instead. */
void mr_settle(struct mr_dispatch *dispatch, struct mr_job *job);
/* Takes the job off the shelf, if it is there (consumer/shelf.h). Call it when the job starts, or
 * leaves unstarted. */
void mr_settle_take_up(struct mr_job *job);
/* Takes a handled job out of its chain, so that the job behind it may start. The job becomes
 * DELIVERING unless it is abandoned. Call mr_settle() or mr_forward() next. */
void mr_settle_leave(struct mr_dispatch *dispatch, struct mr_job *job);
/* Abandons a job whose handler has not started, and settles it. */
void mr_settle_drop(struct mr_dispatch *dispatch, struct mr_job *job);

#endif
