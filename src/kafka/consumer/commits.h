/* The commits of one consumer: what is stored is committed after an interval, one commit at a time,
 * each offset again until it is accepted. When nothing is stored nothing is armed: an idle worker
 * wakes for nothing. The offsets are kept here, not in librdkafka's store: that never commits one
 * below what it committed before, which is wrong for a topic that was created again. Included only
 * in this folder. */
#ifndef MR_KAFKA_CONSUMER_COMMITS_H
#define MR_KAFKA_CONSUMER_COMMITS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/timers.h"
#include "kafka/consumer/pulse.h"

struct mr_commits {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue; /* where answers come: they are served by polling it */
    struct mr_timers *timers;
    struct mr_timer timer;
    uint64_t interval; /* ms */
    uint64_t pause;    /* ms, before a refused one is sent again; 0 after one that was accepted */
    rd_kafka_topic_partition_list_t *stored; /* to be sent; NULL: nothing */
    rd_kafka_topic_partition_list_t *left;   /* given back while one is in flight; NULL: none */
    bool in_flight;                          /* one is sent and not answered */
    bool at_once;                            /* what is stored does not wait for the interval */
    bool hopeless; /* again and again refused, since the topic is not there */
    /* Told of each partition whose offset was accepted; NULL where nobody asks. */
    void (*accepted)(void *data, const char *topic, int32_t partition, int64_t next);
    void *data;
    struct mr_pulse *pulse; /* is told of each answer */
    const struct mr_beats *beats;
};

/* Before the handle is made. */
void mr_commits_init(struct mr_commits *commits, struct mr_timers *timers, uint64_t interval,
                     const struct mr_beats *beats);
/* Everything of the partition up to `next`, exclusive, is done; instead of what was stored of it.
 */
void mr_commits_store(struct mr_commits *commits, const char *topic, int32_t partition,
                      int64_t next);
/* What is stored is committed as soon as the commit in flight, if any, is answered. */
void mr_commits_now(struct mr_commits *commits);
/* The group may be about to be joined anew: nothing is sent for a moment. */
void mr_commits_hold_off(struct mr_commits *commits);
/* These are not the member's any more: nothing of them is sent. */
void mr_commits_forget(struct mr_commits *commits, const rd_kafka_topic_partition_list_t *list);
/* The client has failed: nothing that is stored is sent any more. */
void mr_commits_drop(struct mr_commits *commits);
/* All that was stored is committed, or never will be: its topic is gone. */
bool mr_commits_done(const struct mr_commits *commits);
void mr_commits_free(struct mr_commits *commits);

#endif
