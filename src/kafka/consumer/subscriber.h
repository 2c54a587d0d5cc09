/* What topics a consumer subscribes to, and how that changes without a partition being lost by it.
 */
#ifndef MR_KAFKA_CONSUMER_SUBSCRIBER_H
#define MR_KAFKA_CONSUMER_SUBSCRIBER_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

#include "base/errors.h"

struct mr_subscriber {
    rd_kafka_t *handle;
    rd_kafka_topic_partition_list_t *current;
    rd_kafka_topic_partition_list_t *next; /* NULL: the current one is wanted */
};

/* As mr_consumer_subscribe. */
int mr_subscriber_want(struct mr_subscriber *subscriber, const char *const *topics, size_t count,
                       struct mr_errors *errors);
/* After each rebalance, and when partitions are given back: takes what had to wait for that. */
void mr_subscriber_further(struct mr_subscriber *subscriber);
/* These topics of the subscription are in nobody's assignment, though it is not their first: has
 * the group look at the subscription, which a change of it does. */
void mr_subscriber_anew(struct mr_subscriber *subscriber,
                        const rd_kafka_topic_partition_list_t *missing);
/* What waits is not wanted any more. */
void mr_subscriber_stay(struct mr_subscriber *subscriber);
void mr_subscriber_free(struct mr_subscriber *subscriber);

#endif
