/* Questions to the cluster that librdkafka answers only by waiting. The worker runs these on libuv's pool, never on its loop;
 * they share nothing with it but the handle, which is safe to share. */
#ifndef MR_KAFKA_CLUSTER_H
#define MR_KAFKA_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"
#include "base/errors.h"

struct mr_cluster;

/* A client of its own for asking. NULL with errors added. */
struct mr_cluster *mr_cluster_new(const struct mr_config *config, struct mr_errors *errors);
void mr_cluster_free(struct mr_cluster *cluster);

/* True when a broker answers within `timeout` ms. */
bool mr_cluster_reachable(struct mr_cluster *cluster, int timeout);
/* How many partitions the topic has, creating it (with `partitions`, the broker's default replication) where it is missing and
 * `create` allows. Returns that number, or -1 with `why`. */
int32_t mr_cluster_topic(struct mr_cluster *cluster, const char *topic, bool create,
                         int32_t partitions, int timeout, char *why, size_t size);

#endif
