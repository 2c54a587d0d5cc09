/* A consumer's part in the rebalances of its group: takes what it is given once it is known where
 * that begins, tells what is taken away, and holds that until it is given back. Included only in
 * this folder. */
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
    struct mr_pauses *pauses;   /* likewise */
    const struct mr_consumer_events *events;
    void *data;
    struct mr_starts starts;                  /* of what is assigned and not taken yet */
    rd_kafka_topic_partition_list_t *revoked; /* and not given back yet; NULL: none are */
    struct mr_membership *membership;         /* as of the latest rebalance; NULL: of no group */
    bool leaving;  /* what is assigned from now on is taken to be given back */
    bool stirred;  /* something happened since mr_rebalance_left was asked */
    bool ever;     /* an assignment has come, be it an empty one */
    uint64_t lost; /* ms, when partitions were lost last, which a fence does not tell; 0: never */
};

/* The handle is made; before its first rebalance. */
void mr_rebalance_begin(struct mr_rebalance *rebalance, rd_kafka_t *handle,
                        struct mr_timers *timers);
/* librdkafka's rebalance callback. Both protocols are served: which one is the group's is decided
 * by its members' strategies. */
void mr_rebalance_serve(struct mr_rebalance *rebalance, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t *partitions);
/* Takes what is assigned where its starts have come to be known. The group member waits for
 * this answer, too. */
void mr_rebalance_answered(struct mr_rebalance *rebalance, const struct mr_question *question);
/* Answers librdkafka, at any time after the callback: the group member waits for it. When nothing
 * is revoked it does nothing. */
void mr_rebalance_give_back(struct mr_rebalance *rebalance);
/* The subscription is about to go: takes what is assigned and waits for its start, so that it can
 * be given back. `assigned` is told no more. */
void mr_rebalance_leave(struct mr_rebalance *rebalance);
/* True when the member has left: it has no partition, and no rebalance is under way. Ask once a
 * turn, after the queue is served. */
bool mr_rebalance_left(struct mr_rebalance *rebalance);
/* Before the handle is destroyed, if it was made. */
void mr_rebalance_free(struct mr_rebalance *rebalance);

#endif
