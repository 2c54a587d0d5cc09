/* Warming up: the first record to a topic that the producer has not seen would wait for
 * librdkafka's next look at its unknown topics, up to a second; asking for the topic in the
 * background makes it known in a round trip. */
#ifndef MR_WORKER_PRODUCER_TOPIC_WARMUP_H
#define MR_WORKER_PRODUCER_TOPIC_WARMUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/idmap.h"
#include "kafka/producer.h"

struct mr_warmup {
    uv_loop_t *loop;
    const struct mr_producer *via; /* must outlive every question */
    struct mr_idmap topics;        /* asked for, by name */
    const void *latest;            /* of these, that the record before was for; NULL: none */
    size_t asking;
    _Atomic bool open; /* read by the pool's threads too: questions that wait there are dropped */
};

/* It begins closed. */
void mr_warmup_start(struct mr_warmup *warmup, uv_loop_t *loop, const struct mr_producer *via);
/* Questions are asked only while it is open: while a broker answers, and until the worker stops. */
void mr_warmup_open(struct mr_warmup *warmup, bool open);
/* A record to this topic is about to be sent. Costs a look-up where the topic is known; one that is
 * not there is asked for again after a second. */
void mr_warmup_topic(struct mr_warmup *warmup, const char *topic);
/* True if it was asked for and is not there. */
bool mr_warmup_misses(const struct mr_warmup *warmup, const char *topic);
/* A record to this topic was refused: what librdkafka holds of it may be wrong, and would be for
 * minutes. Asks for it anew. */
void mr_warmup_doubt(struct mr_warmup *warmup, const char *topic);
/* The loop must have run until nothing is asked any more. */
void mr_warmup_free(struct mr_warmup *warmup);

#endif
