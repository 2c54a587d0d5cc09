/* Limits how much a consumer fetches ahead: so little that memory is bounded, but without
 * interruptions. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_PREFETCH_H
#define MR_KAFKA_CONSUMER_PREFETCH_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/errors.h"
#include "config/config.h"
#include "kafka/consumer/fetcher.h"

/* Sets how much is fetched at once and queued, if kafka.properties, already in `conf`, do not set
 * it. `count` consumers share the memory. */
void mr_prefetch_limit(rd_kafka_conf_t *conf, const struct mr_config *config, size_t count,
                       struct mr_errors *errors);

/* Wakes the fetching threads early. Before 2.2, librdkafka looks only once a second at a queue that
 * was full, unless something wakes these threads: fetching would stop meanwhile. They are woken:
 * - when the queue is down to a quarter of the messages that make it full. Several answers then
 * fill it, and another partition comes first in each;
 * - after every `step_bytes` taken from it, since librdkafka does not report the bytes in it;
 * - when the messages of a paused partition, which nobody takes, are out of it. */
struct mr_prefetch {
    struct mr_fetcher fetcher;
    bool timed; /* librdkafka looks again early by itself */
    rd_kafka_queue_t *queue;
    size_t step_bytes, full_messages, low_messages;
    size_t bytes, messages; /* taken since the last wake; taken since the last look at the queue */
    bool full;              /* the queue was full, or may be, and is not low yet */
};

/* Begins. The handle and the queue, which is the consumer's, must outlive the prefetch. */
void mr_prefetch_begin(struct mr_prefetch *prefetch, rd_kafka_t *handle, rd_kafka_queue_t *queue);
/* Notes that the message was taken from the queue. */
void mr_prefetch_took(struct mr_prefetch *prefetch, const rd_kafka_message_t *message);
/* Notes that the queue had no message. */
void mr_prefetch_emptied(struct mr_prefetch *prefetch);
/* Notes that partitions were paused, so that their messages in the queue will be dropped; or were
 * resumed. */
void mr_prefetch_paused(struct mr_prefetch *prefetch);
void mr_prefetch_resumed(struct mr_prefetch *prefetch);
void mr_prefetch_free(struct mr_prefetch *prefetch);

#endif
