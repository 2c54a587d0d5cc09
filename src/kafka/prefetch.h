/* How much a consumer fetches ahead: little, so that memory stays bounded, and without a pause.
 * Included only in this folder. */
#ifndef MR_KAFKA_PREFETCH_H
#define MR_KAFKA_PREFETCH_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

#include "base/config.h"
#include "base/errors.h"

/* Sets how much is fetched at once and queued, where kafka.properties, which are in `conf` already,
 * do not. `count`: consumers share the memory for it. */
void mr_prefetch_limit(rd_kafka_conf_t *conf, const struct mr_config *config, size_t count,
                       struct mr_errors *errors);

/* Before 2.2 librdkafka looks at a queue that was full only once a second, unless something else
 * wakes the thread that fetches: fetching would stop for most of that. After every `step` taken
 * from the queue, a part of what makes it full, that thread is sent a question. */
struct mr_prefetch {
    rd_kafka_t *handle; /* NULL: it needs none */
    size_t step_bytes, step_messages;
    size_t bytes, messages; /* taken since the latest */
};

void mr_prefetch_begin(struct mr_prefetch *prefetch, rd_kafka_t *handle);
/* The message was taken from the queue. */
void mr_prefetch_took(struct mr_prefetch *prefetch, const rd_kafka_message_t *message);

#endif
