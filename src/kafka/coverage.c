#include "kafka/coverage.h"

#include <stddef.h>
#include <string.h>

#include "kafka/conf.h"

enum { ANSWER_MS = 10000 };

void mr_coverage_begin(struct mr_coverage *coverage, rd_kafka_t *handle, const char *group_id,
                       int wake_fd)
{
    *coverage = (struct mr_coverage){
        .handle = handle, .group_id = group_id, .queue = rd_kafka_queue_new(handle)};
    mr_kafka_wake_by(coverage->queue, wake_fd);
}

void mr_coverage_ask(struct mr_coverage *coverage)
{
    const char *groups[] = {coverage->group_id};
    char why[256];
    if (coverage->queue == NULL || coverage->group_id == NULL)
        return;
    coverage->group_id = NULL;
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(coverage->handle, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_MS, why, sizeof(why));
    rd_kafka_DescribeConsumerGroups(coverage->handle, groups, 1, options, coverage->queue);
    rd_kafka_AdminOptions_destroy(options);
}

static bool has_topic(const rd_kafka_ConsumerGroupDescription_t *group, const char *topic)
{
    for (size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(group); i++) {
        const rd_kafka_MemberDescription_t *member =
            rd_kafka_ConsumerGroupDescription_member(group, i);
        const rd_kafka_topic_partition_list_t *assigned =
            rd_kafka_MemberAssignment_partitions(rd_kafka_MemberDescription_assignment(member));
        for (int j = 0; assigned != NULL && j < assigned->cnt; j++)
            if (strcmp(assigned->elems[j].topic, topic) == 0)
                return true;
    }
    return false;
}

static rd_kafka_topic_partition_list_t *
find_missing(const rd_kafka_ConsumerGroupDescription_t *group,
             const rd_kafka_topic_partition_list_t *topics)
{
    rd_kafka_topic_partition_list_t *missing = rd_kafka_topic_partition_list_new(1);
    for (int i = 0; i < topics->cnt; i++)
        if (!has_topic(group, topics->elems[i].topic))
            rd_kafka_topic_partition_list_add(missing, topics->elems[i].topic,
                                              RD_KAFKA_PARTITION_UA);
    if (missing->cnt > 0)
        return missing;
    rd_kafka_topic_partition_list_destroy(missing);
    return NULL;
}

/* A group amid a rebalance looks at what its members subscribe to. */
static rd_kafka_topic_partition_list_t *read_answer(rd_kafka_event_t *event,
                                                    const rd_kafka_topic_partition_list_t *topics)
{
    size_t count = 0;
    const rd_kafka_DescribeConsumerGroups_result_t *result =
        rd_kafka_event_DescribeConsumerGroups_result(event);
    if (result == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return NULL;
    const rd_kafka_ConsumerGroupDescription_t **groups =
        rd_kafka_DescribeConsumerGroups_result_groups(result, &count);
    if (count != 1 || rd_kafka_ConsumerGroupDescription_error(groups[0]) != NULL ||
        rd_kafka_ConsumerGroupDescription_state(groups[0]) != RD_KAFKA_CONSUMER_GROUP_STATE_STABLE)
        return NULL;
    return find_missing(groups[0], topics);
}

rd_kafka_topic_partition_list_t *mr_coverage_missing(struct mr_coverage *coverage,
                                                     const rd_kafka_topic_partition_list_t *topics)
{
    if (coverage->queue == NULL || coverage->group_id != NULL || topics == NULL)
        return NULL;
    rd_kafka_event_t *event = rd_kafka_queue_poll(coverage->queue, 0);
    if (event == NULL)
        return NULL;
    rd_kafka_topic_partition_list_t *missing = read_answer(event, topics);
    rd_kafka_event_destroy(event);
    mr_coverage_free(coverage);
    return missing;
}

void mr_coverage_free(struct mr_coverage *coverage)
{
    if (coverage->queue == NULL)
        return;
    rd_kafka_queue_io_event_enable(coverage->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(coverage->queue);
    coverage->queue = NULL;
}
