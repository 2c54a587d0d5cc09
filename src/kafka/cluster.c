#include "kafka/cluster.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/panic.h"
#include "kafka/view.h"

enum { CREATION_PAUSE_US = 50000 };

bool mr_cluster_reachable(const struct mr_producer *via, int timeout)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(mr_producer_handle(via), 0, NULL, &metadata, timeout);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Takes the answer apart: the number of partitions, 0 where the topic is not there, -1 with `why`
 * otherwise. */
static int32_t partitions_of(const struct rd_kafka_metadata *metadata, char *why, size_t size)
{
    MR_ASSERT(metadata->topic_cnt == 1);
    rd_kafka_resp_err_t error = metadata->topics[0].err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topics[0].partition_cnt > 0)
        return metadata->topics[0].partition_cnt;
    snprintf(why, size, "%s", rd_kafka_err2str(error));
    bool missing = error == RD_KAFKA_RESP_ERR_NO_ERROR ||
                   error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                   error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    return missing ? 0 : -1;
}

static int32_t ask(rd_kafka_t *handle, const char *topic, int timeout, char *why, size_t size)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *about = rd_kafka_topic_new(handle, topic, NULL);
    if (about == NULL) {
        snprintf(why, size, "%s", rd_kafka_err2str(rd_kafka_last_error()));
        return -1;
    }
    rd_kafka_resp_err_t error = rd_kafka_metadata(handle, 0, about, &metadata, timeout);
    rd_kafka_topic_destroy(about);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        snprintf(why, size, "%s", rd_kafka_err2str(error));
        return -1;
    }
    int32_t count = partitions_of(metadata, why, size);
    rd_kafka_metadata_destroy(metadata);
    return count;
}

/* What it is refused for shows when the topic is asked for again. */
static void create_topic(rd_kafka_t *handle, const char *topic, int32_t partitions, int timeout)
{
    char why[256];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, partitions, -1, why, sizeof(why));
    if (wanted != NULL) {
        rd_kafka_AdminOptions_set_request_timeout(options, timeout, why, sizeof(why));
        rd_kafka_CreateTopics(handle, &wanted, 1, options, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout);
        if (event != NULL)
            rd_kafka_event_destroy(event);
        rd_kafka_NewTopic_destroy(wanted);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}

int32_t mr_cluster_topic(const struct mr_producer *via, const char *topic, bool create,
                         int32_t partitions, int timeout, char *why, size_t size)
{
    rd_kafka_t *handle = mr_producer_handle(via);
    uint64_t deadline = mr_clock_ms() + (uint64_t)timeout;
    int32_t count = ask(handle, topic, timeout, why, size);
    if (count == 0 && create)
        create_topic(handle, topic, partitions, timeout);
    /* A topic just created is known to all brokers a moment later, and only asking tells. */
    while (count == 0 && create && mr_clock_ms() < deadline) {
        usleep(CREATION_PAUSE_US);
        count = ask(handle, topic, timeout, why, size);
    }
    return count > 0 ? count : -1;
}
