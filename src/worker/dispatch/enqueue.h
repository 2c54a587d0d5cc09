/* Puts jobs into their order chain and into the schedule, and waits that are over into the
 * schedule. */
#ifndef MR_WORKER_DISPATCH_ENQUEUE_H
#define MR_WORKER_DISPATCH_ENQUEUE_H

#include "worker/dispatch/context.h"

/* Puts the job at the end of its chain. The job is READY if no job is before it. A job without a
 * route waits for one; if the worker stops or the partition leaves, it is READY instead. */
void mr_enqueue(struct mr_dispatch *dispatch, struct mr_job *job);
/* Puts the job into the schedule, behind the other jobs of its partition. No job of its chain may
 * be before it. */
void mr_enqueue_ready(struct mr_dispatch *dispatch, struct mr_job *job);
/* Lets the schedule resume the handler whose wait is over. */
void mr_enqueue_wake(struct mr_dispatch *dispatch, struct mr_wait *wait);

#endif
