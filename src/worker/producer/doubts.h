/* Topics and partitions that do not exist, according to librdkafka. It believes the latest answer
 * of one broker, and drops the records that it has for the topic. But brokers learn of a topic at
 * different moments, and one of them may be behind. So the cluster is asked again, until a broker
 * shows the topic or partition, or none has shown it for a while. Until then, records to the topic
 * or partition wait. */
#ifndef MR_WORKER_PRODUCER_DOUBTS_H
#define MR_WORKER_PRODUCER_DOUBTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/idmap.h"
#include "base/timers.h"
#include "worker/producer/topic_warmup.h"

/* How long no broker must have shown a topic, or a partition of a topic that is shown, until a
 * doubt is confirmed. */
enum { MR_DOUBT_TOPIC_MS = 3000, MR_DOUBT_PARTITION_MS = 1000 };

enum mr_doubt {
    MR_DOUBT_NONE,     /* a broker shows the topic or partition, or nobody doubted it */
    MR_DOUBT_WAITS,    /* the cluster is being asked */
    MR_DOUBT_CONFIRMED /* the topic or partition does not exist */
};

struct mr_doubts {
    struct mr_topic_warmup *warmup; /* its producer asks the questions, and it counts them */
    struct mr_timers *timers;
    void (*answered)(void *data); /* called on the loop, outside of turns, after each question */
    void *data;
    struct mr_idmap topics; /* by name */
    size_t open;            /* doubts that are not over */
    bool stopped;           /* no question is asked any more; each refusal is believed */
};

void mr_doubts_start(struct mr_doubts *doubts, struct mr_topic_warmup *warmup,
                     struct mr_timers *timers, void (*answered)(void *data), void *data);
/* Notes that a broker does not show the topic, or the partition. Returns true if that is in doubt:
 * `answered` follows. Returns false if the doubt was confirmed lately, there is no room, or
 * questions have stopped. */
bool mr_doubts_raise(struct mr_doubts *doubts, const char *topic, int32_t partition);
/* Returns the doubt about a topic and a partition of it (MR_PARTITION_ANY: the topic alone). */
enum mr_doubt mr_doubts_of(const struct mr_doubts *doubts, const char *topic, int32_t partition);
/* Stops the questions; no `answered` follows. */
void mr_doubts_stop(struct mr_doubts *doubts);
/* Frees all. First the loop must have run until no question is under way. */
void mr_doubts_free(struct mr_doubts *doubts);

#endif
