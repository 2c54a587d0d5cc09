/* How jobs leave: first their chain, when they are handled, and then the worker, when they are
 * settled. Every job is settled in mr_settle() and nowhere else. */
#ifndef MR_WORKER_DISPATCH_COMPLETION_H
#define MR_WORKER_DISPATCH_COMPLETION_H

#include "worker/dispatch/context.h"

/* Settles the job if its handler has ended and each of its records is reported; then the job is
 * freed, perhaps with its partition. A job of a commit line becomes committable instead. */
void mr_settle(struct mr_dispatch *dispatch, struct mr_job *job);
/* The job starts, or leaves unstarted: takes it off the shelf if it is there (shelf.h). */
void mr_settle_take_up(struct mr_job *job);
/* The job is handled: takes it out of its chain, so that the job behind it may start. It becomes
 * DELIVERING if it is not abandoned. Call mr_settle() next, or mr_aside(). */
void mr_settle_leave(struct mr_dispatch *dispatch, struct mr_job *job);
/* Abandons the job before its handler has started, and settles it. */
void mr_settle_drop(struct mr_dispatch *dispatch, struct mr_job *job);

#endif
