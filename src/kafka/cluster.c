#include "kafka/cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"
#include "kafka/conf.h"

struct mr_cluster {
    rd_kafka_t *handle;
};

enum { CREATION_PAUSE_MS = 100 };

struct mr_cluster *mr_cluster_new(const struct mr_config *config, struct mr_errors *errors)
{
    size_t before = errors->count;
    rd_kafka_conf_t *conf = mr_kafka_conf(config, MR_ROLE_PRODUCER, errors);
    rd_kafka_t *handle = NULL;
    if (errors->count > before)
        rd_kafka_conf_destroy(conf);
    else
        handle = mr_kafka_handle(RD_KAFKA_PRODUCER, conf, errors);
    if (handle == NULL)
        return NULL;
    struct mr_cluster *cluster = mr_alloc(sizeof(*cluster));
    cluster->handle = handle;
    rd_kafka_set_log_queue(handle, NULL);
    return cluster;
}

void mr_cluster_free(struct mr_cluster *cluster)
{
    rd_kafka_destroy(cluster->handle);
    free(cluster);
}

bool mr_cluster_reachable(struct mr_cluster *cluster, int timeout)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error = rd_kafka_metadata(cluster->handle, 0, NULL, &metadata, timeout);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_poll(cluster->handle, 0);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* The number of partitions, 0 where the topic is not there, -1 with `why` where that cannot be known. */
static int32_t ask(struct mr_cluster *cluster, const char *topic, int timeout, char *why, size_t size)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(cluster->handle, topic, NULL);
    if (handle == NULL) {
        snprintf(why, size, "%s", rd_kafka_err2str(rd_kafka_last_error()));
        return -1;
    }
    rd_kafka_resp_err_t error = rd_kafka_metadata(cluster->handle, 0, handle, &metadata, timeout);
    rd_kafka_topic_destroy(handle);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        snprintf(why, size, "%s", rd_kafka_err2str(error));
        return -1;
    }
    MR_ASSERT(metadata->topic_cnt == 1);
    int32_t count = metadata->topics[0].partition_cnt;
    error = metadata->topics[0].err;
    rd_kafka_metadata_destroy(metadata);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && count > 0)
        return count;
    snprintf(why, size, "%s", rd_kafka_err2str(error));
    bool missing = error == RD_KAFKA_RESP_ERR_NO_ERROR ||
                   error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                   error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    return missing ? 0 : -1;
}

static void create_topic(struct mr_cluster *cluster, const char *topic, int32_t partitions, int timeout,
                         char *why, size_t size)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(cluster->handle);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(cluster->handle, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, partitions, -1, why, size);
    if (wanted != NULL) {
        rd_kafka_AdminOptions_set_request_timeout(options, timeout, why, size);
        rd_kafka_CreateTopics(cluster->handle, &wanted, 1, options, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout);
        if (event != NULL && rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
            snprintf(why, size, "%s", rd_kafka_event_error_string(event));
        rd_kafka_event_destroy(event);
        rd_kafka_NewTopic_destroy(wanted);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}

int32_t mr_cluster_topic(struct mr_cluster *cluster, const char *topic, bool create,
                         int32_t partitions, int timeout, char *why, size_t size)
{
    uint64_t deadline = mr_clock_ms() + (uint64_t)timeout;
    int32_t count = ask(cluster, topic, timeout, why, size);
    if (count == 0 && create)
        create_topic(cluster, topic, partitions, timeout, why, size);
    /* A topic just created is known to all brokers a moment later, and only asking tells. */
    while (count == 0 && create && mr_clock_ms() < deadline) {
        rd_kafka_poll(cluster->handle, CREATION_PAUSE_MS);
        count = ask(cluster, topic, timeout, why, size);
    }
    return count > 0 ? count : -1;
}
