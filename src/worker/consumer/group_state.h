/* The life of a consumer group in a worker, in one table:
 *
 *   NEW       its consumer is made and subscribes to nothing yet
 *   JOINING   it subscribes, and waits to be given partitions (none is an answer, too)
 *   STEADY    it has what the group gave it; a rebalance that only gives is part of this
 *   DRAINING  partitions are taken away and not given back yet
 *   LEAVING   no route is in it, or the worker stops: it subscribes to nothing any more, gives back
 *             what it has and leaves
 *   CLOSING   it has left, and its client ends
 *   GONE      its client has ended, or has failed and is given up; it is freed with its last
 * message
 *
 * A group is asked to leave in any state, but it leaves when it does not drain, and its client is
 * closed only when it has left. A client may fail in any state. */
#ifndef MR_WORKER_CONSUMER_GROUP_STATE_H
#define MR_WORKER_CONSUMER_GROUP_STATE_H

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

/* The only way from one state to the next; panics where the table does not have it. */
void mr_group_state_become(enum mr_group_state *state, enum mr_group_state next);

#endif
