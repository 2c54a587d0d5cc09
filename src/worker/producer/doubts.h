/* Topics and partitions that librdkafka says are not there. It believes the latest answer of one
 * broker, and drops what it has for the topic. But brokers learn of a topic at different moments,
 * and one may be behind. So the cluster is asked again, until a broker shows the topic or
 * partition, or none has shown it for a while. Until then, records to it wait. */
#ifndef MR_WORKER_PRODUCER_DOUBTS_H
#define MR_WORKER_PRODUCER_DOUBTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "base/timers.h"
#include "worker/producer/topic_warmup.h"

/* So long must no broker have shown a topic, or a partition of a topic that is shown. */
enum { MR_DOUBT_TOPIC_MS = 3000, MR_DOUBT_PARTITION_MS = 1000 };

enum mr_doubt {
    MR_DOUBT_NONE,     /* a broker shows it, or it was never doubted */
    MR_DOUBT_WAITS,    /* it is asked for */
    MR_DOUBT_CONFIRMED /* it is not there */
};

struct mr_doubts {
    struct mr_warmup *warmup; /* its producer is asked; it counts the questions */
    struct mr_timers *timers;
    void (*answered)(void *data); /* an answer has come: called on the loop, outside of turns */
    void *data;
    struct mr_idmap topics; /* by name */
    size_t open;            /* doubts that are not over */
    bool stopped;           /* asks nothing more; each refusal is believed */
};

void mr_doubts_start(struct mr_doubts *doubts, struct mr_warmup *warmup, struct mr_timers *timers,
                     void (*answered)(void *data), void *data);
/* librdkafka says that the topic, or its partition of that number, is not there. Returns true if
 * that is in doubt: then `answered` follows. False when it is confirmed, or there is no room. */
bool mr_doubts_raise(struct mr_doubts *doubts, const char *topic, int32_t partition);
/* Returns the doubt about a topic and a partition of it (MR_PARTITION_ANY: the topic alone). */
enum mr_doubt mr_doubts_of(const struct mr_doubts *doubts, const char *topic, int32_t partition);
/* Asks nothing more; no `answered` follows. */
void mr_doubts_stop(struct mr_doubts *doubts);
/* The loop must have run until nothing is asked any more. */
void mr_doubts_free(struct mr_doubts *doubts);

#endif
