/* Warming up asks for a topic in the background, so that the producer knows it after one round
 * trip. Otherwise the first record to an unseen topic would wait up to a second, for librdkafka's
 * next look at its unknown topics. */
#ifndef MR_WORKER_PRODUCER_TOPIC_WARMUP_H
#define MR_WORKER_PRODUCER_TOPIC_WARMUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/idmap.h"
#include "kafka/producer.h"

struct mr_topic_warmup {
    uv_loop_t *loop;
    const struct mr_producer *via; /* must outlive every question */
    struct mr_idmap topics;        /* topics that were asked for, by name */
    const void *latest;            /* the topic of the record before; NULL if not in `topics` */
    size_t asking;
    _Atomic bool open; /* also read by the pool's threads: while closed, questions that wait there
                          are dropped */
};

/* Starts closed. */
void mr_topic_warmup_start(struct mr_topic_warmup *warmup, uv_loop_t *loop,
                           const struct mr_producer *via);
/* Opens or closes it. Questions are asked only while it is open: while a broker answers, and until
 * the worker stops. */
void mr_topic_warmup_open(struct mr_topic_warmup *warmup, bool open);
/* Asks for a topic to which a record will be sent. Costs a look-up if the topic is known. Asks
 * again after a second if the topic did not exist. */
void mr_topic_warmup_topic(struct mr_topic_warmup *warmup, const char *topic);
/* Returns true if the topic was asked for and does not exist. */
bool mr_topic_warmup_misses(const struct mr_topic_warmup *warmup, const char *topic);
/* Asks for the topic anew, because a record to it was refused. The metadata that librdkafka holds
 * may be wrong, and would stay so for minutes. */
void mr_topic_warmup_doubt(struct mr_topic_warmup *warmup, const char *topic);
/* Frees all. First the loop must have run until no question is under way. */
void mr_topic_warmup_free(struct mr_topic_warmup *warmup);

#endif
