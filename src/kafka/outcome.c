#include "kafka/outcome.h"

#include <stdio.h>
#include <string.h>

static void set_again(struct mr_step_end *end, const char *why)
{
    *end = (struct mr_step_end){.step = MR_STEP_AGAIN, .how = MR_SENT};
    snprintf(end->why, sizeof(end->why), "%s", why);
}

static int64_t offset_of(const rd_kafka_topic_partition_list_t *wanted,
                         const rd_kafka_topic_partition_t *found)
{
    for (int i = 0; i < wanted->cnt; i++)
        if (wanted->elems[i].partition == found->partition &&
            strcmp(wanted->elems[i].topic, found->topic) == 0)
            return wanted->elems[i].offset;
    return RD_KAFKA_OFFSET_INVALID;
}

/* A partition of which nothing is committed has an offset below zero. */
static void compare(const rd_kafka_topic_partition_list_t *found,
                    const rd_kafka_topic_partition_list_t *wanted, struct mr_step_end *end)
{
    bool committed = found->cnt == wanted->cnt;
    for (int i = 0; i < found->cnt; i++) {
        const rd_kafka_topic_partition_t *each = &found->elems[i];
        if (each->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            set_again(end, rd_kafka_err2str(each->err));
            return;
        }
        committed = committed && each->offset >= offset_of(wanted, each);
    }
    *end = (struct mr_step_end){.step = MR_STEP_DONE, .how = MR_SENT, .committed = committed};
}

static void take(rd_kafka_event_t *event, const rd_kafka_topic_partition_list_t *wanted,
                 struct mr_step_end *end)
{
    size_t count = 0;
    if (event == NULL || rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        set_again(end, event == NULL ? "no answer in time" : rd_kafka_event_error_string(event));
        return;
    }
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
    const rd_kafka_error_t *error = count == 1 ? rd_kafka_group_result_error(groups[0]) : NULL;
    if (count != 1 || error != NULL)
        set_again(end, error == NULL ? "no group" : rd_kafka_error_string(error));
    else
        compare(rd_kafka_group_result_partitions(groups[0]), wanted, end);
}

/* The handle must be a new one: librdkafka's admin interface goes on asking a coordinator that is
 * none any more. */
void mr_outcome_ask(rd_kafka_t *handle, const char *group_id,
                    const rd_kafka_topic_partition_list_t *wanted, int timeout,
                    struct mr_step_end *end)
{
    char why[256];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout, why, sizeof(why));
    rd_kafka_error_t *error = rd_kafka_AdminOptions_set_require_stable_offsets(options, 1);
    if (error != NULL)
        rd_kafka_error_destroy(error);
    rd_kafka_ListConsumerGroupOffsets_t *question =
        rd_kafka_ListConsumerGroupOffsets_new(group_id, wanted);
    rd_kafka_ListConsumerGroupOffsets(handle, &question, 1, options, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout);
    take(event, wanted, end);
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_ListConsumerGroupOffsets_destroy(question);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
}
