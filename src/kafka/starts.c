#include "kafka/starts.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "kafka/conf.h"

enum {
    TIMEOUT_MS = 3000, /* of a question; its coordinator may be the broker that is gone */
    UNSTABLE_MS = 50,  /* before it is asked again whether the transaction is still open */
    FAILED_MS = 250,
};

void mr_starts_init(struct mr_starts *starts, rd_kafka_t *handle, const char *group_id, int wake_fd,
                    struct mr_timers *timers)
{
    *starts = (struct mr_starts){.handle = handle, .group_id = group_id, .timers = timers};
    starts->answers = rd_kafka_queue_new(handle);
    mr_kafka_wake_by(starts->answers, wake_fd);
}

static void ask(struct mr_starts *starts)
{
    char why[256];
    rd_kafka_ListConsumerGroupOffsets_t *question =
        rd_kafka_ListConsumerGroupOffsets_new(starts->group_id, starts->wanted);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(starts->handle, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_AdminOptions_set_request_timeout(options, TIMEOUT_MS, why, sizeof(why));
    rd_kafka_error_t *error = rd_kafka_AdminOptions_set_require_stable_offsets(options, 1);
    MR_ASSERT(error == NULL);
    rd_kafka_ListConsumerGroupOffsets(starts->handle, &question, 1, options, starts->answers);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ListConsumerGroupOffsets_destroy(question);
    starts->asked = true;
}

static void on_again(struct mr_timer *timer)
{
    ask((struct mr_starts *)((char *)timer - offsetof(struct mr_starts, timer)));
}

void mr_starts_ask(struct mr_starts *starts, const rd_kafka_topic_partition_list_t *partitions)
{
    MR_ASSERT(starts->wanted == NULL);
    starts->wanted = rd_kafka_topic_partition_list_copy(partitions);
    starts->told = false;
    starts->stale = starts->asked;
    if (!starts->asked)
        ask(starts);
}

static void ask_again(struct mr_starts *starts, rd_kafka_resp_err_t error, const char *text)
{
    bool unstable = error == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
    if (!starts->told)
        mr_log(unstable ? MR_LOG_INFO : MR_LOG_WARN,
               unstable ? "offsets_in_transaction" : "offsets_unknown",
               MR_S("group", starts->group_id), MR_S("message", text));
    starts->told = true;
    mr_timers_arm(starts->timers, &starts->timer,
                  mr_clock_ms() + (unstable ? UNSTABLE_MS : FAILED_MS), on_again);
}

static const rd_kafka_topic_partition_list_t *offsets_of(rd_kafka_event_t *event)
{
    size_t count = 0;
    const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
    MR_ASSERT(count == 1);
    return rd_kafka_group_result_partitions(groups[0]);
}

static const rd_kafka_topic_partition_t *find(const rd_kafka_topic_partition_list_t *list,
                                              const rd_kafka_topic_partition_t *wanted)
{
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].partition == wanted->partition &&
            strcmp(list->elems[i].topic, wanted->topic) == 0)
            return &list->elems[i];
    return NULL;
}

/* Whether all are known. One that has no offset, or another error than that of an open transaction,
 * is left to librdkafka, which asks for itself and tells. */
static bool take(struct mr_starts *starts, const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; i < starts->wanted->cnt; i++) {
        rd_kafka_topic_partition_t *wanted = &starts->wanted->elems[i];
        const rd_kafka_topic_partition_t *found = find(offsets, wanted);
        if (found == NULL || found->err == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT)
            return false;
        wanted->offset =
            found->err == RD_KAFKA_RESP_ERR_NO_ERROR ? found->offset : RD_KAFKA_OFFSET_INVALID;
    }
    return true;
}

static bool take_answer(struct mr_starts *starts, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t error = rd_kafka_event_error(event);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        ask_again(starts, error, rd_kafka_event_error_string(event));
        return false;
    }
    if (take(starts, offsets_of(event)))
        return true;
    error = RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
    ask_again(starts, error, rd_kafka_err2str(error));
    return false;
}

rd_kafka_topic_partition_list_t *mr_starts_poll(struct mr_starts *starts)
{
    rd_kafka_event_t *event;
    bool known = false;
    if (!starts->asked || (event = rd_kafka_queue_poll(starts->answers, 0)) == NULL)
        return NULL;
    starts->asked = false;
    if (starts->wanted != NULL && starts->stale)
        ask(starts);
    else if (starts->wanted != NULL)
        known = take_answer(starts, event);
    starts->stale = false;
    rd_kafka_event_destroy(event);
    return known ? mr_starts_give_up(starts) : NULL;
}

rd_kafka_topic_partition_list_t *mr_starts_give_up(struct mr_starts *starts)
{
    rd_kafka_topic_partition_list_t *partitions = starts->wanted;
    starts->wanted = NULL;
    mr_timers_cancel(starts->timers, &starts->timer);
    return partitions;
}

void mr_starts_free(struct mr_starts *starts)
{
    rd_kafka_topic_partition_list_t *partitions = mr_starts_give_up(starts);
    if (partitions != NULL)
        rd_kafka_topic_partition_list_destroy(partitions);
    rd_kafka_queue_io_event_enable(starts->answers, -1, NULL, 0);
    rd_kafka_queue_destroy(starts->answers);
}
