/* The topics that a consumer subscribes to; changes them without losing a partition. */
#ifndef MR_KAFKA_CONSUMER_SUBSCRIBER_H
#define MR_KAFKA_CONSUMER_SUBSCRIBER_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

#include "base/errors.h"
#include "kafka/consumer/beats.h"

struct mr_subscriber {
    rd_kafka_t *handle;
    const struct mr_beats *beats;
    rd_kafka_topic_partition_list_t *current;
    /* Waits for partitions to leave, or until the consumer has joined anew; NULL: none. */
    rd_kafka_topic_partition_list_t *next;
};

/* Works as mr_consumer_subscribe. */
int mr_subscriber_want(struct mr_subscriber *subscriber, const char *const *topics, size_t count,
                       struct mr_errors *errors);
/* Subscribes to the topics that had to wait. Call it after each rebalance, and when partitions are
 * given back. */
void mr_subscriber_further(struct mr_subscriber *subscriber);
/* Makes the group look at the subscription, by changing it, since nobody is assigned the topics in
 * `missing`. */
void mr_subscriber_anew(struct mr_subscriber *subscriber,
                        const rd_kafka_topic_partition_list_t *missing);
/* Drops the subscription that waits. */
void mr_subscriber_stay(struct mr_subscriber *subscriber);
void mr_subscriber_free(struct mr_subscriber *subscriber);

#endif
