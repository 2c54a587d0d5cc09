/* The life of a job: its states, the list that holds a job in each state, and the moves between
 * states. mr_job_become() makes every move, and asserts that the table below allows the move.
 *
 * A job comes from intake (worker/handler/intake.h) as QUEUED. Its handler starts from READY. It
 * leaves its chain when the handler has ended, and becomes DELIVERING. A message that is not done
 * goes to another topic meanwhile (FORWARDING), or starts once more. An exactly-once job then waits
 * in its commit line. An ABANDONED job stores no offset: whoever has the partition next handles the
 * message. */
#ifndef MR_WORKER_JOB_JOB_STATE_H
#define MR_WORKER_JOB_JOB_STATE_H

#include "worker/job/job.h"

/* X(state, name, 1 if a list holds the job, the states that may follow).
 *
 * QUEUED: behind another job of its chain, or new. UNROUTED: no route has its topic; in
 * partition.parked. READY: in partition.flow. AWAITING_COMMIT (at-most-once): in partition.early.
 * BLOCKED (by a dead letter that cannot be written, or for want of memory): in partition.held.
 * DELAYED (until it is due, and until all that a failed attempt sent is reported): in
 * dispatch.waiting. POSTPONED (it came from a retry topic, and is due in more than 5 s): in
 * partition.later. RUNNING and SUSPENDED: in dispatch.at_work. DELIVERING: its handler has ended,
 * and records of it may be unacknowledged. UNJUDGED: a record of it was refused, and its route,
 * which says what follows, has gone; in partition.parked. FORWARDING: the record that takes it to
 * another topic is on its way. FORWARD_RETRY: that record is to be written again; in
 * dispatch.unwritten. COMMITTABLE and IN_TRANSACTION: in its partition's commit line. ABANDONED:
 * its last reports are pending. SETTLED: in the pool. */
#define MR_JOB_STATE_TABLE(X)                                                                      \
    X(QUEUED, "queued", 0,                                                                         \
      MR_JOB_IN(QUEUED) | MR_JOB_IN(READY) | MR_JOB_IN(UNROUTED) | MR_JOB_IN(POSTPONED))           \
    X(UNROUTED, "unrouted", 1, MR_JOB_IN(QUEUED) | MR_JOB_IN(READY))                               \
    X(READY, "ready", 1,                                                                           \
      MR_JOB_IN(READY) | MR_JOB_IN(UNROUTED) | MR_JOB_IN(AWAITING_COMMIT) | MR_JOB_IN(BLOCKED) |   \
          MR_JOB_IN(DELAYED) | MR_JOB_IN(RUNNING) | MR_JOB_IN(DELIVERING) | MR_JOB_IN(ABANDONED))  \
    X(AWAITING_COMMIT, "awaiting_commit", 1, MR_JOB_IN(READY))                                     \
    X(BLOCKED, "blocked", 1, MR_JOB_IN(READY))                                                     \
    X(DELAYED, "delayed", 1, MR_JOB_IN(READY))                                                     \
    X(POSTPONED, "postponed", 1,                                                                   \
      MR_JOB_IN(QUEUED) | MR_JOB_IN(READY) | MR_JOB_IN(UNROUTED) | MR_JOB_IN(DELIVERING) |         \
          MR_JOB_IN(ABANDONED))                                                                    \
    X(RUNNING, "running", 1,                                                                       \
      MR_JOB_IN(SUSPENDED) | MR_JOB_IN(READY) | MR_JOB_IN(DELIVERING) | MR_JOB_IN(ABANDONED))      \
    X(SUSPENDED, "suspended", 1, MR_JOB_IN(RUNNING) | MR_JOB_IN(ABANDONED))                        \
    X(DELIVERING, "delivering", 0,                                                                 \
      MR_JOB_IN(QUEUED) | MR_JOB_IN(READY) | MR_JOB_IN(UNROUTED) | MR_JOB_IN(UNJUDGED) |           \
          MR_JOB_IN(FORWARDING) | MR_JOB_IN(COMMITTABLE) | MR_JOB_IN(ABANDONED) |                  \
          MR_JOB_IN(SETTLED))                                                                      \
    X(UNJUDGED, "unjudged", 1, MR_JOB_IN(DELIVERING))                                              \
    X(FORWARDING, "forwarding", 0,                                                                 \
      MR_JOB_IN(FORWARD_RETRY) | MR_JOB_IN(QUEUED) | MR_JOB_IN(READY) | MR_JOB_IN(UNROUTED) |      \
          MR_JOB_IN(POSTPONED) | MR_JOB_IN(COMMITTABLE) | MR_JOB_IN(ABANDONED) |                   \
          MR_JOB_IN(SETTLED))                                                                      \
    X(FORWARD_RETRY, "forward_retry", 1, MR_JOB_IN(FORWARDING) | MR_JOB_IN(ABANDONED))             \
    X(COMMITTABLE, "committable", 0,                                                               \
      MR_JOB_IN(IN_TRANSACTION) | MR_JOB_IN(DELIVERING) | MR_JOB_IN(FORWARDING) |                  \
          MR_JOB_IN(ABANDONED))                                                                    \
    X(IN_TRANSACTION, "in_transaction", 0,                                                         \
      MR_JOB_IN(COMMITTABLE) | MR_JOB_IN(DELIVERING) | MR_JOB_IN(FORWARDING) | MR_JOB_IN(SETTLED)) \
    X(ABANDONED, "abandoned", 0, MR_JOB_IN(SETTLED))                                               \
    X(SETTLED, "settled", 0, 0)

#define MR_JOB_IN(state) (1U << MR_JOB_##state)

/* Returns the state's name, in snake_case: for logs and metrics. */
const char *mr_job_state_name(enum mr_job_state state);
bool mr_job_may_become(enum mr_job_state from, enum mr_job_state to);
/* Moves the job to the state and to the end of the list, out of the list that it is in. `list` is
 * NULL for a state that has none. Counts jobs per state in the job's pool. Calls nobody. */
void mr_job_become(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list);
/* Does the same, but puts the job first in the list. */
void mr_job_become_first(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list);
/* Returns true if its handler is still to start, for the first time or again. */
bool mr_job_is_to_start(const struct mr_job *job);

#endif
