/* Handling: the handler of a job that has come to be next. It starts, or the job waits for
 * something else, or is dropped; and what follows when it has ended. */
#ifndef MR_WORKER_HANDLER_HANDLER_H
#define MR_WORKER_HANDLER_HANDLER_H

#include "worker/dispatch/context.h"
#include "worker/job/wait.h"

/* The job is taken out of the schedule, `now` (ns). Its handler starts if nothing is in the way. */
void mr_handling_start(struct mr_dispatch *dispatch, struct mr_job *job, uint64_t now);
/* Where work comes to an end: the job is not to be started any more. */
bool mr_handling_too_late(const struct mr_dispatch *dispatch, const struct mr_job *job);
/* The wait is over, and taken out of the schedule, `now` (ns). Its handler goes on. */
void mr_handling_wake(struct mr_dispatch *dispatch, struct mr_wait *wait, uint64_t now);
/* What its handler waits for is there. */
void mr_handling_resume(struct mr_dispatch *dispatch, struct mr_job *job,
                        const struct mr_resumption *with, uint64_t now);
/* Its handler, which is at work, is given up, and its message with it; the log says why. */
void mr_handling_abandon(struct mr_dispatch *dispatch, struct mr_job *job, struct mr_bytes why);

#endif
