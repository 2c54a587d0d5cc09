/* The life of a consumer group in a worker, in one table. A group may be asked to leave in any
 * state, but it leaves only when it does not drain. Its client is closed only after it has left, or
 * if it stays as a static member. A client may fail in any state. */
#ifndef MR_WORKER_CONSUMER_GROUP_STATE_H
#define MR_WORKER_CONSUMER_GROUP_STATE_H

/* X(state, name, the states that may follow).
 *
 *   NEW       its consumer is made, and subscribes to nothing yet.
 *   JOINING   it subscribes, and waits for its partitions (there may be none).
 *   STEADY    it has its partitions; a rebalance that only gives more is part of this state.
 *   DRAINING  partitions are revoked, and not given back yet.
 *   LEAVING   no route names it, or the worker stops: it gives back its partitions and leaves.
 *   CLOSING   it has left, and its client ends.
 *   GONE      its client has ended, or has failed and is abandoned; freed after its last message.
 */
#define MR_GROUP_STATE_TABLE(X)                                                                    \
    X(NEW, "new", MR_GROUP_IN(JOINING) | MR_GROUP_IN(LEAVING) | MR_GROUP_IN(GONE))                 \
    X(JOINING, "joining",                                                                          \
      MR_GROUP_IN(STEADY) | MR_GROUP_IN(DRAINING) | MR_GROUP_IN(LEAVING) | MR_GROUP_IN(GONE))      \
    X(STEADY, "steady",                                                                            \
      MR_GROUP_IN(JOINING) | MR_GROUP_IN(DRAINING) | MR_GROUP_IN(LEAVING) | MR_GROUP_IN(CLOSING) | \
          MR_GROUP_IN(GONE))                                                                       \
    X(DRAINING, "draining", MR_GROUP_IN(JOINING) | MR_GROUP_IN(STEADY) | MR_GROUP_IN(GONE))        \
    X(LEAVING, "leaving", MR_GROUP_IN(CLOSING) | MR_GROUP_IN(GONE))                                \
    X(CLOSING, "closing", MR_GROUP_IN(GONE))                                                       \
    X(GONE, "gone", 0)

#define MR_GROUP_IN(state) (1U << MR_GROUP_##state)

enum mr_group_state {
    MR_GROUP_NEW,
    MR_GROUP_JOINING,
    MR_GROUP_STEADY,
    MR_GROUP_DRAINING,
    MR_GROUP_LEAVING,
    MR_GROUP_CLOSING,
    MR_GROUP_GONE,
    MR_GROUP_STATES
};

extern const char *const mr_group_state_names[MR_GROUP_STATES];

/* Changes the state; nothing else does. Panics if the table does not allow the move. */
void mr_group_state_become(enum mr_group_state *state, enum mr_group_state next);

#endif
