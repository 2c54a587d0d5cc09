/* The states of a job: the table of their names, their lists and the moves between them. Moves are
 * made by worker/job/job_state.h. The scoreboard counts messages per state. */
#ifndef MR_BASE_JOB_STATES_H
#define MR_BASE_JOB_STATES_H

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
 * - SETTLED           -                   in the pool, to be used again
 *
 * In the states before RUNNING, the job's handler is still to start. */
#define MR_JOB_STATE_TABLE(X)                                                                      \
    X(QUEUED, "queued", 0,                                                                         \
      MR_JOB_IN(QUEUED) | MR_JOB_IN(READY) | MR_JOB_IN(UNROUTED) | MR_JOB_IN(POSTPONED) |          \
          MR_JOB_IN(DELIVERING))                                                                   \
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

#define MR_JOB_STATE(state, name, listed, next) MR_JOB_##state,
enum mr_job_state { MR_JOB_STATE_TABLE(MR_JOB_STATE) MR_JOB_STATES };
#undef MR_JOB_STATE

#endif
