/* librdkafka's embedded cluster in this process, to which faults are done. */
#ifndef MR_EMBEDDED_CLUSTER_H
#define MR_EMBEDDED_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* Kinds of requests, as the protocol numbers them. */
enum {
    REQUEST_PRODUCE = 0,
    REQUEST_FETCH = 1,
    REQUEST_METADATA = 3,
    REQUEST_OFFSET_COMMIT = 8,
    REQUEST_FIND_COORDINATOR = 10,
    REQUEST_JOIN_GROUP = 11,
    REQUEST_HEARTBEAT = 12,
    REQUEST_SYNC_GROUP = 14,
};

struct cluster {
    rd_kafka_t *handle;
    rd_kafka_mock_cluster_t *mock;
};

void cluster_start(struct cluster *cluster, int brokers);
const char *cluster_bootstrap(const struct cluster *cluster);
/* Creates the topic, led by broker 1. */
void cluster_topic(const struct cluster *cluster, const char *topic, int partitions);
void cluster_lead(const struct cluster *cluster, const char *topic, int partitions, int32_t broker);
void cluster_stop(struct cluster *cluster);

#endif
