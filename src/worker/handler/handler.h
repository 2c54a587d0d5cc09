/* Handling: starts the handler of a job that is next, or makes the job wait, or drops it. Resumes
 * handlers, and carries out what follows when a handler has ended. */
#ifndef MR_WORKER_HANDLER_HANDLER_H
#define MR_WORKER_HANDLER_HANDLER_H

#include "worker/dispatch/context.h"
#include "worker/job/wait.h"

/* Starts the handler of a job that the schedule returned, if nothing prevents that; `now` in ns. */
void mr_handler_start(struct mr_dispatch *dispatch, struct mr_job *job, uint64_t now);
/* Returns true if the job must not start any more, because the worker stops or the partition
 * leaves. */
bool mr_handler_too_late(const struct mr_dispatch *dispatch, const struct mr_job *job);
/* Resumes the handler of a wait that the schedule returned, and frees the wait; `now` in ns. */
void mr_handler_wake(struct mr_dispatch *dispatch, struct mr_wait *wait, uint64_t now);
/* Resumes the job's handler with the result of its wait. */
void mr_handler_resume(struct mr_dispatch *dispatch, struct mr_job *job,
                       const struct mr_resumption *with, uint64_t now);
/* Abandons a handler at work, and its message. Logs `why`. */
void mr_handler_abandon(struct mr_dispatch *dispatch, struct mr_job *job, struct mr_bytes why);

#endif
