#include "kafka/embedded.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#include "base/panic.h"

struct mr_embedded {
    rd_kafka_t *handle; /* a client that only lends its threads to the cluster */
    rd_kafka_mock_cluster_t *cluster;
};

/* Drops the cluster's log, which does not help a user: errors show in the router's log. */
static void drop_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle, (void)level, (void)facility, (void)text;
}

struct mr_embedded *mr_embedded_new(struct mr_errors *errors)
{
    char why[512];
    struct mr_embedded *embedded = mr_alloc(sizeof(*embedded));
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, drop_log);
    embedded->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (embedded->handle == NULL) {
        mr_errors_add(errors, "embedded broker: %s", why);
        rd_kafka_conf_destroy(conf);
        free(embedded);
        return NULL;
    }
    embedded->cluster = rd_kafka_mock_cluster_new(embedded->handle, 1);
    if (embedded->cluster == NULL) {
        mr_errors_add(errors, "embedded broker: cannot listen on the loopback address");
        mr_embedded_free(embedded);
        return NULL;
    }
    return embedded;
}

const char *mr_embedded_brokers(const struct mr_embedded *embedded)
{
    return rd_kafka_mock_cluster_bootstraps(embedded->cluster);
}

void mr_embedded_topic(struct mr_embedded *embedded, const char *topic, int partitions)
{
    rd_kafka_mock_topic_create(embedded->cluster, topic, partitions, 1);
}

void mr_embedded_free(struct mr_embedded *embedded)
{
    if (embedded->cluster != NULL)
        rd_kafka_mock_cluster_destroy(embedded->cluster);
    rd_kafka_destroy(embedded->handle);
    free(embedded);
}
