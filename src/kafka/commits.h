/* The commits of one consumer: what is stored is committed after an interval, one commit at a time,
 * each again until it is accepted. Where nothing is stored nothing is armed: an idle worker wakes
 * for nothing. Included only in this folder. */
#ifndef MR_KAFKA_COMMITS_H
#define MR_KAFKA_COMMITS_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/timers.h"
#include "kafka/pulse.h"

struct mr_commits {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue; /* where answers come: they are served by polling it */
    struct mr_timers *timers;
    struct mr_timer timer;
    uint64_t interval; /* ms */
    uint64_t pause;    /* ms, before a refused one is sent again; 0 after one that was accepted */
    bool stored;       /* something was, since the last commit was sent */
    bool in_flight;    /* one is sent and not answered */
    bool at_once;      /* what is stored does not wait for the interval */
    /* Told of each partition whose offset was accepted; NULL where nobody asks. */
    void (*accepted)(void *data, const char *topic, int32_t partition, int64_t next);
    void *data;
    struct mr_pulse *pulse; /* is told of each answer */
    atomic_bool *joining;   /* the member is joining its group; written by librdkafka's threads */
};

/* Before the handle is made: makes conf tell when the member joins its group. */
void mr_commits_init(struct mr_commits *commits, struct mr_timers *timers, uint64_t interval,
                     rd_kafka_conf_t *conf);
/* Something is stored. */
void mr_commits_stored(struct mr_commits *commits);
/* What is stored is committed as soon as the commit in flight, if any, is answered. */
void mr_commits_now(struct mr_commits *commits);
/* The group may be about to be joined anew: nothing is sent for a moment. */
void mr_commits_hold_off(struct mr_commits *commits);
/* All that was stored is committed. */
bool mr_commits_done(const struct mr_commits *commits);
/* `destroyed`: the handle is, too. One that goes on keeps the little it writes to. */
void mr_commits_free(struct mr_commits *commits, bool destroyed);

#endif
