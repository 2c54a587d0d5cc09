/* The life of a job: its states, the list that holds a job in each state, and the moves between
 * states. Every move is made by mr_job_become() or mr_job_become_first(), which assert that the
 * table below allows the move.
 *
 * A job comes from intake (worker/handler/intake.h) as QUEUED. Its handler starts from READY. When
 * the handler has ended, the job leaves its chain and becomes DELIVERING. If the message is not
 * done, it goes to another topic (FORWARDING), or its handler starts once more. An exactly-once job
 * then waits in its commit line. An ABANDONED job stores no offset: the next owner of the partition
 * handles the message again. */
#ifndef MR_WORKER_JOB_JOB_STATE_H
#define MR_WORKER_JOB_JOB_STATE_H

#include "worker/job/job.h"

/* X(state, name, 1 if a list holds the job, the states that may follow).
 *
 * State, list, meaning:
 *
 * - QUEUED            -                   new, or behind another job of its chain
 * - UNROUTED          partition.parked    no route serves its topic
 * - READY             partition.flow      first in its chain: the schedule may start its handler
 * - AWAITING_COMMIT   partition.early     at-most-once: its offset is not committed yet
 * - BLOCKED           partition.held      waits for a dead letter of its partition, or for memory
 * - DELAYED           dispatch.waiting    not due yet, or a failed attempt's records are unreported
 * - POSTPONED         partition.later     from a retry topic, and not due for 5 s when it came
 * - RUNNING           dispatch.at_work    its handler runs
 * - SUSPENDED         dispatch.at_work    its handler waits
 * - DELIVERING        -                   its handler has ended; its records may be unreported
 * - UNJUDGED          partition.parked    a record was refused, and no route says what follows
 * - FORWARDING        -                   the record that takes it to another topic is under way
 * - FORWARD_RETRY     dispatch.unwritten  that record is to be written again
 * - COMMITTABLE       -                   finished; in its partition's commit line
 * - IN_TRANSACTION    -                   in the open transaction, and still in that line
 * - ABANDONED         -                   its last reports may be pending
 * - SETTLED           -                   in the pool, to be used again */
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
/* Moves the job to the state, and from its list to the end of `list`. `list` is NULL if no list
 * holds jobs in that state. Counts jobs per state in the job's pool. Calls nothing back. */
void mr_job_become(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list);
/* Does the same, but puts the job first in the list. */
void mr_job_become_first(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list);
/* Returns true if the job's handler is still to start, for the first time or again. */
bool mr_job_is_to_start(const struct mr_job *job);

#endif
