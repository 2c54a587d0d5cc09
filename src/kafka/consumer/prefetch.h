/* How much a consumer fetches ahead: little, so that memory stays bounded, and without a pause.
 * Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_PREFETCH_H
#define MR_KAFKA_CONSUMER_PREFETCH_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/errors.h"
#include "config/config.h"
#include "kafka/consumer/fetcher.h"

/* Sets how much is fetched at once and queued, where kafka.properties, which are in `conf` already,
 * do not. `count`: consumers share the memory for it. */
void mr_prefetch_limit(rd_kafka_conf_t *conf, const struct mr_config *config, size_t count,
                       struct mr_errors *errors);

/* Before 2.2 librdkafka looks at a queue that was full only once a second, unless something else
 * wakes the threads that fetch: fetching would stop for most of that. So they are woken when the
 * queue is down to a quarter of the messages that make it full: several answers fill it then, and
 * another partition comes first in each. And after every `step_bytes` taken from it: how many bytes
 * are in it librdkafka does not tell. And when what a paused partition left in it is gone, which
 * nobody takes. */
struct mr_prefetch {
    struct mr_fetcher fetcher;
    bool timed; /* librdkafka looks again by itself */
    rd_kafka_queue_t *queue;
    size_t step_bytes, full_messages, low_messages;
    size_t bytes, messages; /* taken since they were woken, since the latest look at the queue */
    bool full;              /* the queue was, or may be, and is not low yet */
};

/* The handle and the queue, which is the consumer's, outlive this. */
void mr_prefetch_begin(struct mr_prefetch *prefetch, rd_kafka_t *handle, rd_kafka_queue_t *queue);
/* The message was taken from the queue. */
void mr_prefetch_took(struct mr_prefetch *prefetch, const rd_kafka_message_t *message);
/* There was none to take. */
void mr_prefetch_emptied(struct mr_prefetch *prefetch);
/* Partitions were paused, so that what the queue has of them will be dropped; or resumed. */
void mr_prefetch_paused(struct mr_prefetch *prefetch);
void mr_prefetch_resumed(struct mr_prefetch *prefetch);
void mr_prefetch_free(struct mr_prefetch *prefetch);

#endif
