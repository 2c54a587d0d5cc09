/* How jobs leave: their chain when they are handled, and the worker when they are settled, which is
 * in one place. Used by the rooms that dispatch is made of. */
#ifndef MR_WORKER_DISPATCH_COMPLETION_H
#define MR_WORKER_DISPATCH_COMPLETION_H

#include "worker/dispatch/context.h"

/* Every job ends here: when its handler has ended and each of its records is reported. Nothing
 * where it is not that far. */
void mr_settle(struct mr_dispatch *dispatch, struct mr_job *job);
/* It starts, or leaves unstarted: it is on the shelf no more, if it was (shelf.h). */
void mr_settle_take_up(struct mr_job *job);
/* The job has left the handlers' side, done or dropped: what waited for it may start. */
void mr_settle_leave(struct mr_dispatch *dispatch, struct mr_job *job);
/* It is given up before its handler started: whoever has the partition next handles it. */
void mr_settle_drop(struct mr_dispatch *dispatch, struct mr_job *job);

#endif
