/* Aside: a message that is not handled here goes to another topic, as a record counted on its job,
 * which is settled when that record is acknowledged. While a dead letter cannot be written its
 * partition waits: it is written again, with growing pauses, until it is. */
#ifndef MR_WORKER_FAILURE_FORWARD_H
#define MR_WORKER_FAILURE_FORWARD_H

#include "worker/dispatch/context.h"
#include "worker/job/failure.h"

/* job->failure tells where and why. */
void mr_aside(struct mr_dispatch *dispatch, struct mr_job *job);
bool mr_aside_is(const struct mr_job *job); /* it is on its way, or there */
/* That record of the job is acknowledged, or never will be. */
void mr_aside_reported(struct mr_dispatch *dispatch, struct mr_job *job,
                       const struct mr_report *report);
/* Where delivery is exactly-once the record is held on its job, which is not open for it while it
 * is; the job has left its line, committed or dropped. Fine for others. */
void mr_aside_left(struct mr_dispatch *dispatch, struct mr_job *job);
/* The worker stops, or has lost partitions: what of that is not written yet is dropped. */
void mr_aside_drop(struct mr_dispatch *dispatch);

#endif
