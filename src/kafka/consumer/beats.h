/* What a consumer's requests tell of it as a member of its group. librdkafka's threads write it,
 * the loop's thread reads it. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_BEATS_H
#define MR_KAFKA_CONSUMER_BEATS_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mr_beats {
    atomic_bool rejoining;     /* a JoinGroup was sent, and no SyncGroup answered since */
    atomic_bool joining;       /* a JoinGroup was sent and not answered: that may take its time */
    atomic_bool ever_joined;   /* a JoinGroup was answered, at least once */
    _Atomic uint64_t answered; /* ms, when the coordinator answered last; 0: it never did */
};

/* Watches the handle that is made of `conf`. free() it when the handle is destroyed: librdkafka's
 * threads write to it until then, also after on_destroy interceptors were called. */
struct mr_beats *mr_beats_new(rd_kafka_conf_t *conf);

#endif
