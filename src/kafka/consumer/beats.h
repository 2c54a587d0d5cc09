/* A consumer's state as a member of its group, as its requests show it. Written by librdkafka's
 * threads, read by the loop's thread. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_BEATS_H
#define MR_KAFKA_CONSUMER_BEATS_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mr_beats {
    atomic_bool rejoining;     /* a JoinGroup was sent, and no SyncGroup answered since */
    atomic_bool joining;       /* a JoinGroup was sent and not answered: the answer may take long */
    atomic_bool ever_joined;   /* a JoinGroup was answered, at least once */
    _Atomic uint64_t answered; /* ms, when the coordinator last answered; 0: never */
};

/* Watches the handle that is made from `conf`. Free the result by free() after the handle is
 * destroyed. Until then librdkafka's threads write to it, even after on_destroy interceptors
 * ran. */
struct mr_beats *mr_beats_new(rd_kafka_conf_t *conf);

#endif
