#include "kafka/consumer/outcome.h"

#include <stdio.h>
#include <string.h>

#include "kafka/conf.h"

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

/* Compares committed offsets with `wanted`. If nothing is committed for a partition, its offset is
 * below zero. */
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

static void read_offsets(rd_kafka_t *reader, const rd_kafka_topic_partition_list_t *wanted,
                         int timeout, struct mr_step_end *end)
{
    rd_kafka_topic_partition_list_t *found = rd_kafka_topic_partition_list_copy(wanted);
    rd_kafka_resp_err_t error = rd_kafka_committed(reader, found, timeout);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        compare(found, wanted, end);
    else
        set_again(end, rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(found);
    rd_kafka_destroy_flags(reader, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void mr_outcome_ask(const rd_kafka_conf_t *conf, const char *group_id,
                    const rd_kafka_topic_partition_list_t *wanted, int timeout,
                    struct mr_step_end *end)
{
    struct mr_errors errors = {0};
    rd_kafka_conf_t *own = mr_kafka_conf_again(conf);
    mr_kafka_conf_set(own, "group.id", group_id, "built-in", &errors);
    rd_kafka_t *reader = mr_kafka_handle(RD_KAFKA_CONSUMER, own, &errors);
    if (reader == NULL)
        set_again(end, mr_errors_text(&errors));
    else
        read_offsets(reader, wanted, timeout, end);
    mr_errors_free(&errors);
}
