/* Creates topics by librdkafka's Admin API. Each request has a queue of its own and is waited for.
 * As in kafka/cluster.h, a worker calls this on libuv's pool, with a producer that outlives the
 * call. */
#ifndef MR_KAFKA_CREATION_H
#define MR_KAFKA_CREATION_H

#include <stddef.h>
#include <stdint.h>

#include "kafka/cluster.h"

/* Creates the topic with the broker's default replication, if it does not exist. If `like` is not
 * NULL and its limit can be read, the new topic takes messages as large as `like` does, plus 64 KiB
 * of headers. Otherwise the broker's default limit applies. The embedded cluster creates a topic
 * when asked for it by name. Returns 1, 0 if the topic existed, or an error of cluster.h with
 * `why`. */
int mr_creation_create(const struct mr_producer *via, const char *topic, int32_t partitions,
                       const char *like, int timeout, char *why, size_t size);

/* Returns how many partitions the topic has. If it is missing, creates it with `partitions` and
 * waits for it, up to `timeout` ms. Returns an error of cluster.h with `why` if that fails. */
int32_t mr_creation_ensure(const struct mr_producer *via, const char *topic, int32_t partitions,
                           int timeout, char *why, size_t size);

#endif
