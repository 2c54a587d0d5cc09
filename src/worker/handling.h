/* Handling: the handler of a job that has come to be next. It starts, or the job waits for
 * something else, or is dropped; and what follows when it has ended. */
#ifndef MR_WORKER_HANDLING_H
#define MR_WORKER_HANDLING_H

#include "worker/dispatch.h"

/* The job is off the ready list: its handler starts where nothing is in the way. */
void mr_handling_start(struct mr_dispatch *dispatch, struct mr_job *job);
/* What its handler waits for is there. */
void mr_handling_resume(struct mr_dispatch *dispatch, struct mr_job *job,
                        const struct mr_resumption *with);
/* Its handler, which is at work, is given up, and its message with it; the log says why. */
void mr_handling_abandon(struct mr_dispatch *dispatch, struct mr_job *job, struct mr_bytes why);

#endif
