/* The states of a partition, in three tables. Each table has one mover, which asserts that the
 * table allows the move. Two more reasons for a pause are no states here: a full shelf (shelf.h)
 * and stuck records (stuck.h). A partition may have each of them beside its fullness.
 *
 * Each row is X(state, the states that may follow). */
#ifndef MR_WORKER_CONSUMER_PARTITION_STATE_H
#define MR_WORKER_CONSUMER_PARTITION_STATE_H

#include <stdbool.h>

/* Whether the worker has the partition:
 *
 *   SERVING   the worker has it.
 *   LEAVING   it is about to be revoked, and drains: no job behind the last started one starts,
 *             unless its delivery is at-most-once.
 *   REVOKED   the worker has it no more: its jobs end, but store no offset.
 *   OUTLIVED  like REVOKED, because its offsets began anew: no other member has its messages, so
 *             handlers at work may end. */
#define MR_TENURE_TABLE(X)                                                                         \
    X(SERVING, MR_TENURE_IN(LEAVING) | MR_TENURE_IN(REVOKED) | MR_TENURE_IN(OUTLIVED))             \
    X(LEAVING, MR_TENURE_IN(REVOKED) | MR_TENURE_IN(OUTLIVED))                                     \
    X(REVOKED, 0)                                                                                  \
    X(OUTLIVED, 0)

#define MR_TENURE_IN(state) (1U << MR_TENURE_##state)

enum mr_tenure {
    MR_TENURE_SERVING,
    MR_TENURE_LEAVING,
    MR_TENURE_REVOKED,
    MR_TENURE_OUTLIVED,
    MR_TENURES
};

/* Whether it takes more messages, by how many it has at work (fullness.h):
 *
 *   OPEN    it takes messages.
 *   GRACE   it is full, and may still go on: nothing is taken from its consumer meanwhile.
 *   PAUSED  it is full, and its consumer fetches nothing of it. */
#define MR_FULLNESS_TABLE(X)                                                                       \
    X(OPEN, MR_FULLNESS_IN(GRACE) | MR_FULLNESS_IN(PAUSED))                                        \
    X(GRACE, MR_FULLNESS_IN(OPEN) | MR_FULLNESS_IN(PAUSED))                                        \
    X(PAUSED, MR_FULLNESS_IN(OPEN))

#define MR_FULLNESS_IN(state) (1U << MR_FULLNESS_##state)

enum mr_partition_fullness {
    MR_FULLNESS_OPEN,
    MR_FULLNESS_GRACE,
    MR_FULLNESS_PAUSED,
    MR_FULLNESSES
};

/* How its messages are delivered. The first route decides whether the partition is transactional;
 * later routes do not change this.
 *
 *   UNDECIDED      it has had no route.
 *   AT_LEAST_ONCE  an offset is stored after its message is done; also if the route is removed.
 *   AT_MOST_ONCE   offsets are committed before their handlers start.
 *   EXACTLY_ONCE   it is transactional: its jobs leave by transactions, which commit the offsets.
 */
#define MR_DELIVERY_TABLE(X)                                                                       \
    X(UNDECIDED,                                                                                   \
      MR_DELIVERY_IN(AT_LEAST_ONCE) | MR_DELIVERY_IN(AT_MOST_ONCE) | MR_DELIVERY_IN(EXACTLY_ONCE)) \
    X(AT_LEAST_ONCE, MR_DELIVERY_IN(AT_MOST_ONCE))                                                 \
    X(AT_MOST_ONCE, MR_DELIVERY_IN(AT_LEAST_ONCE))                                                 \
    X(EXACTLY_ONCE, 0)

#define MR_DELIVERY_IN(state) (1U << MR_DELIVERY_##state)

enum mr_partition_delivery {
    MR_DELIVERY_UNDECIDED,
    MR_DELIVERY_AT_LEAST_ONCE,
    MR_DELIVERY_AT_MOST_ONCE,
    MR_DELIVERY_EXACTLY_ONCE,
    MR_PARTITION_DELIVERIES
};

/* Returns true if the partition is not this worker's any more. */
static inline bool mr_tenure_is_over(enum mr_tenure tenure)
{
    return tenure >= MR_TENURE_REVOKED;
}

bool mr_tenure_may_become(enum mr_tenure from, enum mr_tenure to);
bool mr_fullness_may_become(enum mr_partition_fullness from, enum mr_partition_fullness to);
bool mr_delivery_may_become(enum mr_partition_delivery from, enum mr_partition_delivery to);
/* Each changes the state; nothing else does. Panics if the table does not allow the move. */
void mr_tenure_become(enum mr_tenure *tenure, enum mr_tenure next);
void mr_fullness_become(enum mr_partition_fullness *fullness, enum mr_partition_fullness next);
void mr_delivery_become(enum mr_partition_delivery *delivery, enum mr_partition_delivery next);

#endif
