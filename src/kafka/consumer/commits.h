/* The commits of one consumer. Stored offsets are committed after an interval, one commit at a
 * time, and each offset again until it is accepted. If nothing is stored, no timer is armed: an
 * idle worker is not woken. Included only in this folder.
 *
 * librdkafka's own store of offsets is not used. It never commits an offset below the last
 * committed one, which is wrong for a topic that was created again. */
#ifndef MR_KAFKA_CONSUMER_COMMITS_H
#define MR_KAFKA_CONSUMER_COMMITS_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/timers.h"
#include "kafka/consumer/pulse.h"

struct mr_commits {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue; /* receives the answers; polling it serves them */
    struct mr_timers *timers;
    struct mr_timer timer;
    uint64_t interval; /* ms */
    uint64_t pause;    /* ms, before a refused commit is sent again; 0 after an accepted one */
    rd_kafka_topic_partition_list_t *stored; /* waiting to be sent; NULL: nothing */
    rd_kafka_topic_partition_list_t *left;   /* given back during a commit; NULL: none */
    bool in_flight;                          /* a commit is sent and not answered */
    bool at_once;                            /* stored offsets do not wait for the interval */
    bool hopeless;                           /* refused again and again, for a reason that lasts */
    /* Called for each partition whose offset was accepted; may be NULL. */
    void (*accepted)(void *data, const char *topic, int32_t partition, int64_t next);
    void *data;
    struct mr_pulse *pulse; /* sees each answer */
    const struct mr_beats *beats;
};

/* Call this before the handle is made. */
void mr_commits_init(struct mr_commits *commits, struct mr_timers *timers, uint64_t interval,
                     const struct mr_beats *beats);
/* Stores `next`: all earlier messages of the partition are done. Replaces the offset that was
 * stored for the partition. */
void mr_commits_store(struct mr_commits *commits, const char *topic, int32_t partition,
                      int64_t next);
/* Commits the stored offsets now, or when the commit in flight, if there is one, is answered. */
void mr_commits_now(struct mr_commits *commits);
/* Sends nothing for a moment, since the member may be about to join its group again. */
void mr_commits_hold_off(struct mr_commits *commits);
/* Drops the offsets of partitions that the member no longer has. */
void mr_commits_forget(struct mr_commits *commits, const rd_kafka_topic_partition_list_t *list);
/* Drops all stored offsets, since the client has failed. */
void mr_commits_drop(struct mr_commits *commits);
/* Returns true if all stored offsets are committed, or never can be because their topic is
 * missing. */
bool mr_commits_done(const struct mr_commits *commits);
void mr_commits_free(struct mr_commits *commits);

#endif
