/* Carries out the verdict on an attempt at a message. An attempt ends with its handler, or later,
 * if a record that the handler sent cannot be delivered. */
#ifndef MR_WORKER_FAILURE_OUTCOME_H
#define MR_WORKER_FAILURE_OUTCOME_H

#include "worker/dispatch/context.h"

/* The next step for the message. */
enum mr_sequel_kind { MR_SEQUEL_SETTLE, MR_SEQUEL_RETRY /* in its place */, MR_SEQUEL_FORWARD };
struct mr_sequel {
    enum mr_sequel_kind kind;
    int64_t delay;  /* ms, of a retry */
    bool uncounted; /* the retry does not count for retry.max */
};

/* Judges the attempt when the handler has ended, with success or not; `route` is the one that it
 * ran on. Sends the answer, if there is one, and keeps the fault for the next step. Returns that
 * step: pass it to mr_outcome_follow() when the handler's task has ended. */
struct mr_sequel mr_outcome_ended(struct mr_dispatch *dispatch, struct mr_job *job,
                                  const struct mr_route *route, const struct mr_result *result,
                                  uint64_t now);
/* Carries out the next step. May free the job. */
void mr_outcome_follow(struct mr_dispatch *dispatch, struct mr_job *job,
                       const struct mr_sequel *sequel);
/* Sends the answer, if there is one, of a handler that has returned and lingers. Does nothing else.
 * Returns false if the answer cannot be sent: then the handler has ended. */
bool mr_outcome_answered(struct mr_dispatch *dispatch, struct mr_job *job,
                         const struct mr_route *route, const struct mr_result *result,
                         uint64_t now);
/* Notes that a record of the job will never be delivered. */
void mr_outcome_undelivered(struct mr_dispatch *dispatch, struct mr_job *job,
                            const struct mr_report *report);
/* Judges an attempt whose handler succeeded, but one of whose records failed. Call it when the last
 * record is reported. May free the job. */
void mr_outcome_failed_late(struct mr_dispatch *dispatch, struct mr_job *job);

#endif
