/* A consumer's part in the rebalances of its group. It takes assigned partitions when their start
 * is known. It reports revoked partitions, and keeps them until they are given back. Included only
 * in this folder. */
#ifndef MR_KAFKA_CONSUMER_REBALANCE_H
#define MR_KAFKA_CONSUMER_REBALANCE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "kafka/consumer/commits.h"
#include "kafka/consumer/consumer.h"
#include "kafka/consumer/membership.h"
#include "kafka/consumer/pauses.h"
#include "kafka/consumer/starts.h"

struct mr_rebalance {
    rd_kafka_t *handle;
    char *group_id;
    struct mr_commits *commits; /* the consumer's */
    struct mr_pauses *pauses;   /* the consumer's */
    const struct mr_consumer_events *events;
    void *data;
    struct mr_starts starts;                /* for partitions that are assigned and not taken yet */
    rd_kafka_topic_partition_list_t *taken; /* with their start offsets; NULL: none */
    rd_kafka_topic_partition_list_t *revoked; /* and not given back yet; NULL: none */
    struct mr_membership *membership;         /* as of the latest rebalance; NULL: none */
    bool leaving;  /* partitions assigned from now on are only taken to be given back */
    bool stirred;  /* a rebalance event came since the last mr_rebalance_left */
    bool ever;     /* an assignment has come, perhaps an empty one */
    uint64_t lost; /* ms, when partitions were last lost (a fence does not report that); 0: never */
};

/* Call this after the handle is made, and before its first rebalance. */
void mr_rebalance_begin(struct mr_rebalance *rebalance, rd_kafka_t *handle,
                        struct mr_timers *timers);
/* Serves librdkafka's rebalance callback. Serves both protocols: the members' strategies decide
 * which one the group uses. */
void mr_rebalance_serve(struct mr_rebalance *rebalance, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t *partitions);
/* Takes assigned partitions if the answer has their starts. Until then the member waits. */
void mr_rebalance_answered(struct mr_rebalance *rebalance, const struct mr_question *question);
/* Gives revoked partitions back, at any time after the callback. Until then the member waits. Does
 * nothing if no partition is revoked. */
void mr_rebalance_give_back(struct mr_rebalance *rebalance);
/* Returns the offset at which the partition was begun; RD_KAFKA_OFFSET_INVALID, or another number
 * below 0, if it is not known. */
int64_t mr_rebalance_start(const struct mr_rebalance *rebalance, const char *topic,
                           int32_t partition);
/* Prepares for the end of the subscription. Takes partitions that still wait for their starts, so
 * that they can be given back. `assigned` is no longer called. */
void mr_rebalance_leave(struct mr_rebalance *rebalance);
/* Returns true if the member has left: it has no partitions, and no rebalance is in progress. Call
 * it once per turn, after the queue is served. */
bool mr_rebalance_left(struct mr_rebalance *rebalance);
/* Call this before the handle is destroyed, if there is one. */
void mr_rebalance_free(struct mr_rebalance *rebalance);

#endif
