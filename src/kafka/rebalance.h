/* A consumer's part in the rebalances of its group: takes what it is given once it is known where
 * that begins, tells what is taken away, and holds that until it is given back. Included only in
 * this folder. */
#ifndef MR_KAFKA_REBALANCE_H
#define MR_KAFKA_REBALANCE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "kafka/commits.h"
#include "kafka/consumer.h"
#include "kafka/membership.h"
#include "kafka/pauses.h"
#include "kafka/starts.h"

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
    bool leaving;
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
/* The answer to librdkafka, which may come at any time after the callback: the group member waits
 * for it. */
void mr_rebalance_give_back(struct mr_rebalance *rebalance);
/* Leaves the group, in the background: what is left to be served comes by the queue. */
void mr_rebalance_leave(struct mr_rebalance *rebalance, rd_kafka_queue_t *queue);
/* Before the handle is destroyed, if it was made. */
void mr_rebalance_free(struct mr_rebalance *rebalance);

#endif
