/* Warming up: the first record to a topic that the producer has not seen would wait for
 * librdkafka's next look at its unknown topics, up to a second; asking for the topic in the
 * background makes it known in a round trip. */
#ifndef MR_WORKER_WARMUP_H
#define MR_WORKER_WARMUP_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/idmap.h"
#include "kafka/producer.h"

struct mr_warmup {
    uv_loop_t *loop;
    const struct mr_producer *via; /* must outlive every question */
    struct mr_idmap seen;          /* topics asked for, by name */
    size_t asking;
    bool stopping;
};

void mr_warmup_start(struct mr_warmup *warmup, uv_loop_t *loop, const struct mr_producer *via);
/* A record to this topic is about to be sent. Costs a look-up where that is not the first. */
void mr_warmup_topic(struct mr_warmup *warmup, const char *topic);
void mr_warmup_stop(
    struct mr_warmup *warmup); /* asks no more; the loop must run until what is asked is answered */
void mr_warmup_free(struct mr_warmup *warmup);

#endif
