#include "harness/cluster.h"

#include "harness/test.h"

static void drop_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle, (void)level, (void)facility, (void)text;
}

void cluster_start(struct cluster *cluster, int brokers)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, drop_log);
    cluster->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    assert_non_null(cluster->handle);
    cluster->mock = rd_kafka_mock_cluster_new(cluster->handle, brokers);
    assert_non_null(cluster->mock);
}

const char *cluster_bootstrap(const struct cluster *cluster)
{
    return rd_kafka_mock_cluster_bootstraps(cluster->mock);
}

void cluster_lead(const struct cluster *cluster, const char *topic, int partitions, int32_t broker)
{
    for (int32_t partition = 0; partition < partitions; partition++)
        rd_kafka_mock_partition_set_leader(cluster->mock, topic, partition, broker);
}

void cluster_topic(const struct cluster *cluster, const char *topic, int partitions)
{
    rd_kafka_mock_topic_create(cluster->mock, topic, partitions, 1);
    cluster_lead(cluster, topic, partitions, 1);
}

void cluster_stop(struct cluster *cluster)
{
    if (cluster->mock != NULL)
        rd_kafka_mock_cluster_destroy(cluster->mock);
    if (cluster->handle != NULL)
        rd_kafka_destroy(cluster->handle);
    *cluster = (struct cluster){0};
}
