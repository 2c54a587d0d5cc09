/* Topics that are created: requests of librdkafka's Admin API, each sent to a queue of its own and
 * waited for. As with kafka/cluster.h, a worker makes them on libuv's pool, through a producer that
 * outlives them. */
#ifndef MR_KAFKA_CREATION_H
#define MR_KAFKA_CREATION_H

#include <stddef.h>
#include <stdint.h>

#include "kafka/cluster.h"

/* Creates the topic with the broker's default replication; fine if it is there. It takes the
 * largest message of the topic `like` with 64 KiB more of headers, if that limit can be read, and
 * if `like` is not NULL; else the broker's default. The embedded cluster, which cannot be told to
 * create topics, is asked for it by name. Returns 1, 0 when it was there, or a result below 0 of
 * cluster.h with `why`. */
int mr_creation_create(const struct mr_producer *via, const char *topic, int32_t partitions,
                       const char *like, int timeout, char *why, size_t size);

/* Returns how many partitions the topic has. If it is missing, it is created with `partitions` and
 * awaited for up to `timeout` ms. Below 0: a result of cluster.h with `why`. */
int32_t mr_creation_ensure(const struct mr_producer *via, const char *topic, int32_t partitions,
                           int timeout, char *why, size_t size);

#endif
