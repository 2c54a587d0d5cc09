/* An attempt at a message has ended: its verdict is carried out. It ends with its handler, or
 * later, when a record that the handler sent cannot be delivered. */
#ifndef MR_WORKER_FAILURE_OUTCOME_H
#define MR_WORKER_FAILURE_OUTCOME_H

#include "worker/dispatch/context.h"

/* What is to follow for the message. */
enum mr_sequel_kind { MR_SEQUEL_SETTLE, MR_SEQUEL_RETRY /* in its place */, MR_SEQUEL_FORWARD };
struct mr_sequel {
    enum mr_sequel_kind kind;
    int64_t delay;  /* ms, of a retry */
    bool uncounted; /* the retry does not count for retry.max */
};

/* The handler has ended, well or not; `route` is the one it ran on. Sends the answer, if there is
 * one, and keeps the fault that the sequel is about. Returns the sequel: call mr_attempt_follow()
 * with it when the handler's task is ended. */
struct mr_sequel mr_attempt_ended(struct mr_dispatch *dispatch, struct mr_job *job,
                                  const struct mr_route *route, const struct mr_result *result,
                                  uint64_t now);
/* Carries the sequel out. The job may be freed by that. */
void mr_attempt_follow(struct mr_dispatch *dispatch, struct mr_job *job,
                       const struct mr_sequel *sequel);
/* The handler has returned, and lingers: sends only its answer. Returns false if the answer cannot
 * be sent: then the handler has ended. */
bool mr_attempt_answered(struct mr_dispatch *dispatch, struct mr_job *job,
                         const struct mr_route *route, const struct mr_result *result,
                         uint64_t now);
/* A record that the job sent will never be delivered. */
void mr_attempt_undelivered(struct mr_dispatch *dispatch, struct mr_job *job,
                            const struct mr_report *report);
/* The handler had ended well, and the last of its records is reported, of which one failed: that is
 * the end of the attempt. The job may be freed. */
void mr_attempt_failed_late(struct mr_dispatch *dispatch, struct mr_job *job);

#endif
