#include "kafka/creation.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/panic.h"
#include "kafka/view.h"

enum { HEADER_ROOM = 64 * 1024, SHOWN_PAUSE_US = 50000 };

struct admin {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    int timeout;
};

static struct admin begin(const struct mr_producer *via, rd_kafka_admin_op_t operation, int timeout)
{
    char why[256];
    rd_kafka_t *handle = mr_producer_handle(via);
    struct admin admin = {handle, rd_kafka_queue_new(handle),
                          rd_kafka_AdminOptions_new(handle, operation), timeout};
    rd_kafka_AdminOptions_set_request_timeout(admin.options, timeout, why, sizeof(why));
    return admin;
}

/* Returns NULL if no answer came in time. */
static rd_kafka_event_t *answer(const struct admin *admin)
{
    return rd_kafka_queue_poll(admin->queue, admin->timeout);
}

static void end(struct admin *admin, rd_kafka_event_t *event)
{
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_AdminOptions_destroy(admin->options);
    rd_kafka_queue_destroy(admin->queue);
}

static const char *entry_of(rd_kafka_event_t *event, const char *name)
{
    size_t resources = 0, count = 0;
    const rd_kafka_ConfigResource_t **described = rd_kafka_DescribeConfigs_result_resources(
        rd_kafka_event_DescribeConfigs_result(event), &resources);
    if (resources != 1)
        return NULL;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(described[0], &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rd_kafka_ConfigEntry_name(entries[i]), name) == 0)
            return rd_kafka_ConfigEntry_value(entries[i]);
    return NULL;
}

/* Returns the topic's max.message.bytes, 0 if it cannot be read. */
static long largest_message(const struct mr_producer *via, const char *topic, int timeout)
{
    struct admin admin = begin(via, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_DescribeConfigs(admin.handle, &resource, 1, admin.options, admin.queue);
    rd_kafka_event_t *event = answer(&admin);
    const char *value = NULL;
    if (event != NULL && rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR_NO_ERROR)
        value = entry_of(event, "max.message.bytes");
    long bytes = value == NULL ? 0 : strtol(value, NULL, 10);
    rd_kafka_ConfigResource_destroy(resource);
    end(&admin, event);
    return bytes;
}

static rd_kafka_resp_err_t outcome_of(rd_kafka_event_t *event, char *why, size_t size)
{
    size_t count = 0;
    if (event == NULL) {
        snprintf(why, size, "no answer in time");
        return RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        snprintf(why, size, "%s", rd_kafka_event_error_string(event));
        return error;
    }
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    MR_ASSERT(count == 1);
    const char *text = rd_kafka_topic_result_error_string(results[0]);
    error = rd_kafka_topic_result_error(results[0]);
    snprintf(why, size, "%s", text != NULL ? text : rd_kafka_err2str(error));
    return error;
}

static rd_kafka_resp_err_t create(const struct mr_producer *via, rd_kafka_NewTopic_t *topic,
                                  int timeout, char *why, size_t size)
{
    struct admin admin = begin(via, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout);
    rd_kafka_CreateTopics(admin.handle, &topic, 1, admin.options, admin.queue);
    rd_kafka_event_t *event = answer(&admin);
    rd_kafka_resp_err_t error = outcome_of(event, why, size);
    end(&admin, event);
    return error;
}

static void make_room(const struct mr_producer *via, rd_kafka_NewTopic_t *topic, const char *like,
                      int timeout)
{
    char text[32];
    long largest = largest_message(via, like, timeout);
    if (largest <= 0 || largest > INT32_MAX - HEADER_ROOM)
        return;
    snprintf(text, sizeof(text), "%ld", largest + HEADER_ROOM);
    rd_kafka_NewTopic_set_config(topic, "max.message.bytes", text);
}

/* Returns true for librdkafka's embedded cluster, which has no controller that could create topics.
 * It calls itself "mockCluster...". */
static bool is_embedded(const struct mr_producer *via, int timeout)
{
    static const char name[] = "mockCluster";
    rd_kafka_t *handle = mr_producer_handle(via);
    char *id = rd_kafka_clusterid(handle, timeout);
    bool embedded = id != NULL && strncmp(id, name, sizeof(name) - 1) == 0;
    rd_kafka_mem_free(handle, id);
    return embedded;
}

int mr_creation_create(const struct mr_producer *via, const char *topic, int32_t partitions,
                       const char *like, int timeout, char *why, size_t size)
{
    if (is_embedded(via, timeout))
        return mr_cluster_topic(via, topic, timeout, why, size) > 0 ? 0 : MR_CLUSTER_FAILED;
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, partitions, -1, why, size);
    if (wanted == NULL)
        return MR_CLUSTER_FAILED;
    if (like != NULL)
        make_room(via, wanted, like, timeout / 2);
    rd_kafka_resp_err_t error =
        create(via, wanted, like != NULL ? timeout / 2 : timeout, why, size);
    rd_kafka_NewTopic_destroy(wanted);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 1;
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        return 0;
    return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ? MR_CLUSTER_DENIED
                                                                 : MR_CLUSTER_FAILED;
}

static bool is_missing(const struct mr_producer *via, const char *topic, int timeout, char *why,
                       size_t size)
{
    struct mr_cluster_topics all = {0};
    bool missing = mr_cluster_topics(via, &all, timeout, why, size) == 0 &&
                   mr_cluster_partitions(&all, topic) == 0;
    mr_cluster_topics_free(&all);
    return missing;
}

int32_t mr_creation_ensure(const struct mr_producer *via, const char *topic, int32_t partitions,
                           int timeout, char *why, size_t size)
{
    uint64_t deadline = mr_clock_ms() + (uint64_t)timeout;
    int made = is_missing(via, topic, timeout, why, size)
                   ? mr_creation_create(via, topic, partitions, NULL, timeout, why, size)
                   : 0;
    if (made < 0)
        return made;
    int32_t count = mr_cluster_topic(via, topic, timeout, why, size);
    /* Not all brokers know a new topic at once, and only asking shows whether they do. */
    while (count == 0 && mr_clock_ms() < deadline) {
        usleep(SHOWN_PAUSE_US);
        count = mr_cluster_topic(via, topic, timeout, why, size);
    }
    return count != 0 ? count : MR_CLUSTER_FAILED;
}
