/* Retries: a job whose attempt failed keeps its place in its chain, waits, and starts again. A
 * message from a retry topic waits likewise until it is due. */
#ifndef MR_WORKER_FAILURE_RETRY_H
#define MR_WORKER_FAILURE_RETRY_H

#include "worker/dispatch/context.h"

/* Handles the message again after a failed attempt, at least `delay` ms from now. The job must be
 * next in its chain, which it enters again if it had left it. All records of the attempt must be
 * reported. */
void mr_retry_in_place(struct mr_dispatch *dispatch, struct mr_job *job, int64_t delay);
/* Reads our headers of a message from a retry topic: its first place, its retries and its due time.
 * Removes them from the job's headers. */
void mr_retry_returned(struct mr_dispatch *dispatch, struct mr_job *job);
/* Returns true if a job with a due time may start now. Otherwise the job waits until it may. */
bool mr_retry_may_start(struct mr_dispatch *dispatch, struct mr_job *job);
/* Makes the job READY if it waited only for its records, and not for its due time. Call it when the
 * last of them is reported. */
void mr_retry_look(struct mr_job *job);
/* Makes all waiting jobs READY, so that they are looked at again. Call it if the worker stops, or
 * has lost a partition. */
void mr_retry_wake(struct mr_dispatch *dispatch);

#endif
