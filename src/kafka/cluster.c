#include "kafka/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/view.h"

bool mr_cluster_reachable(const struct mr_producer *via, int timeout)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(mr_producer_handle(via), 0, NULL, &metadata, timeout);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    return error == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static void add_fault(struct mr_cluster_look *look, const char *topic, int32_t partition)
{
    if (look->count == MR_CLUSTER_FAULTS)
        return;
    struct mr_cluster_fault *fault = &look->faults[look->count++];
    snprintf(fault->topic, sizeof(fault->topic), "%s", topic);
    fault->partition = partition;
}

static void look_at(struct mr_cluster_look *look, const struct rd_kafka_metadata_topic *topic)
{
    if (topic->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        add_fault(look, topic->topic, -1);
    for (int i = 0; i < topic->partition_cnt; i++)
        if (topic->partitions[i].leader < 0)
            add_fault(look, topic->topic, topic->partitions[i].id);
}

void mr_cluster_look(const struct mr_producer *via, struct mr_cluster_look *look, int timeout)
{
    const struct rd_kafka_metadata *metadata;
    uint64_t begun = mr_clock_ms();
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(mr_producer_handle(via), 0, NULL, &metadata, timeout);
    look->count = 0;
    look->answered = error == RD_KAFKA_RESP_ERR_NO_ERROR || mr_kafka_answered() > begun;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    for (int i = 0; i < metadata->topic_cnt; i++)
        look_at(look, &metadata->topics[i]);
    rd_kafka_metadata_destroy(metadata);
}

/* Returns the number of partitions in the answer, 0 if the topic does not exist, or a result below
 * 0 with `why`. */
static int32_t partitions_of(const struct rd_kafka_metadata *metadata, char *why, size_t size)
{
    MR_ASSERT(metadata->topic_cnt == 1);
    rd_kafka_resp_err_t error = metadata->topics[0].err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topics[0].partition_cnt > 0)
        return metadata->topics[0].partition_cnt;
    snprintf(why, size, "%s", rd_kafka_err2str(error));
    if (error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return MR_CLUSTER_DENIED;
    if (error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
        return MR_CLUSTER_IMPOSSIBLE;
    bool missing = error == RD_KAFKA_RESP_ERR_NO_ERROR ||
                   error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                   error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    return missing ? 0 : MR_CLUSTER_FAILED;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct mr_cluster_topic *)a)->name,
                  ((const struct mr_cluster_topic *)b)->name);
}

static void take_topics(struct mr_cluster_topics *topics, const struct rd_kafka_metadata *metadata)
{
    topics->rows = mr_alloc((size_t)metadata->topic_cnt * sizeof(topics->rows[0]) + 1);
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];
        if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR && topic->partition_cnt > 0)
            topics->rows[topics->count++] =
                (struct mr_cluster_topic){mr_strdup(topic->topic), topic->partition_cnt};
    }
    qsort(topics->rows, topics->count, sizeof(topics->rows[0]), by_name);
}

int mr_cluster_topics(const struct mr_producer *via, struct mr_cluster_topics *topics, int timeout,
                      char *why, size_t size)
{
    const struct rd_kafka_metadata *metadata;
    *topics = (struct mr_cluster_topics){0};
    rd_kafka_resp_err_t error =
        rd_kafka_metadata(mr_producer_handle(via), 1, NULL, &metadata, timeout);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        snprintf(why, size, "%s", rd_kafka_err2str(error));
        return -1;
    }
    take_topics(topics, metadata);
    rd_kafka_metadata_destroy(metadata);
    return 0;
}

int32_t mr_cluster_partitions(const struct mr_cluster_topics *topics, const char *name)
{
    size_t from = 0, to = topics->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = strcmp(name, topics->rows[middle].name);
        if (order == 0)
            return topics->rows[middle].partitions;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return 0;
}

void mr_cluster_topics_free(struct mr_cluster_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        free(topics->rows[i].name);
    free(topics->rows);
    *topics = (struct mr_cluster_topics){0};
}

/* Returns the answer, which the caller destroys, or NULL with the error. */
static const struct rd_kafka_metadata *ask_about(const struct mr_producer *via, const char *topic,
                                                 int timeout, rd_kafka_resp_err_t *error)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_t *handle = mr_producer_handle(via);
    rd_kafka_topic_t *about = rd_kafka_topic_new(handle, topic, NULL);
    if (about == NULL) {
        *error = rd_kafka_last_error();
        return NULL;
    }
    *error = rd_kafka_metadata(handle, 0, about, &metadata, timeout);
    rd_kafka_topic_destroy(about);
    return *error == RD_KAFKA_RESP_ERR_NO_ERROR ? metadata : NULL;
}

int32_t mr_cluster_topic(const struct mr_producer *via, const char *topic, int timeout, char *why,
                         size_t size)
{
    rd_kafka_resp_err_t error;
    const struct rd_kafka_metadata *metadata = ask_about(via, topic, timeout, &error);
    if (metadata == NULL) {
        snprintf(why, size, "%s", rd_kafka_err2str(error));
        return MR_CLUSTER_FAILED;
    }
    int32_t count = partitions_of(metadata, why, size);
    rd_kafka_metadata_destroy(metadata);
    return count;
}

static enum mr_led led_by(const struct rd_kafka_metadata *metadata)
{
    enum mr_led led = MR_LED_WELL;
    if (metadata->topic_cnt != 1 || metadata->topics[0].err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return MR_LED_NO_TOPIC;
    const struct rd_kafka_metadata_topic *topic = &metadata->topics[0];
    for (int i = 0; i < topic->partition_cnt; i++) {
        if (topic->partitions[i].leader < 0)
            return MR_LED_NOT;
        if (topic->partitions[i].isr_cnt < topic->partitions[i].replica_cnt)
            led = MR_LED_BARELY;
    }
    return led;
}

enum mr_led mr_cluster_led(const struct mr_producer *via, const char *topic, int timeout)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_t *handle = mr_producer_handle(via);
    rd_kafka_topic_t *about = rd_kafka_topic_new(handle, topic, NULL);
    if (about == NULL)
        return MR_LED_NO_TOPIC;
    rd_kafka_resp_err_t error = rd_kafka_metadata(handle, 0, about, &metadata, timeout);
    rd_kafka_topic_destroy(about);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return MR_LED_NOT;
    enum mr_led led = led_by(metadata);
    rd_kafka_metadata_destroy(metadata);
    return led;
}
