/* Jobs and waits that may go on soon: into their chain, and into the schedule. */
#ifndef MR_WORKER_DISPATCH_ENQUEUE_H
#define MR_WORKER_DISPATCH_ENQUEUE_H

#include "worker/dispatch/context.h"

/* Puts the job at the end of its chain; it is ready when nothing is before it. Without a route it
 * waits for one. */
void mr_enqueue(struct mr_dispatch *dispatch, struct mr_job *job);
/* The job may start, as far as its chain is concerned: it is put into the schedule, behind those of
 * its partition. */
void mr_enqueue_ready(struct mr_dispatch *dispatch, struct mr_job *job);
/* The wait of a handler is over: the handler goes on by the schedule. */
void mr_enqueue_wake(struct mr_dispatch *dispatch, struct mr_wait *wait);

#endif
