/* An attempt at a message has ended: its verdict is carried out. It ends with its handler, or
 * later, when a record that the handler sent cannot be delivered. */
#ifndef MR_WORKER_FAILURE_OUTCOME_H
#define MR_WORKER_FAILURE_OUTCOME_H

#include "worker/dispatch/context.h"

/* The handler has ended, well or not; `route` is the one it ran on. */
void mr_attempt_ended(struct mr_dispatch *dispatch, struct mr_job *job,
                      const struct mr_route *route, const struct mr_result *result, uint64_t now);
/* A record that the job sent will never be delivered. */
/* Its handler has returned, and lingers: only its answer is sent. False where that cannot be: it
 * has then ended. */
bool mr_attempt_answered(struct mr_dispatch *dispatch, struct mr_job *job,
                         const struct mr_route *route, const struct mr_result *result,
                         uint64_t now);
void mr_attempt_undelivered(struct mr_dispatch *dispatch, struct mr_job *job,
                            const struct mr_report *report);
/* Its handler had ended well and the last of its records is reported, of which one failed: that is
 * the end of the attempt. */
void mr_attempt_failed_late(struct mr_dispatch *dispatch, struct mr_job *job);

#endif
