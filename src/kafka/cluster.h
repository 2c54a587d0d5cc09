/* Questions to the cluster that librdkafka answers only by waiting, asked through a producer's
 * connection. A worker asks them on libuv's pool, never on its loop; the producer may be used
 * meanwhile, and must outlive the question. */
#ifndef MR_KAFKA_CLUSTER_H
#define MR_KAFKA_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/producer.h"

/* True when a broker answers within `timeout` ms. */
bool mr_cluster_reachable(const struct mr_producer *via, int timeout);
/* How many partitions the topic has, creating it (with `partitions`, the broker's default
 * replication) where it is missing and `create` allows. Returns that number, or -1 with `why`. */
int32_t mr_cluster_topic(const struct mr_producer *via, const char *topic, bool create,
                         int32_t partitions, int timeout, char *why, size_t size);

#endif
