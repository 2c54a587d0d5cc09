#include "kafka/consumer/starts.h"

#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/panic.h"
#include "kafka/consumer/question.h"

enum {
    TIMEOUT_MS = 1000, /* of a question */
    AGAIN_MS = 100,
};

/* Returns the position at which a partition without a committed offset begins; INVALID if the
 * consumer should fail there. Compares with the names that librdkafka itself writes. */
static int64_t reset_of(rd_kafka_t *handle)
{
    char text[32] = "";
    size_t size = sizeof(text);
    rd_kafka_conf_get(rd_kafka_conf(handle), "auto.offset.reset", text, &size);
    if (strcmp(text, "smallest") == 0)
        return RD_KAFKA_OFFSET_BEGINNING;
    return strcmp(text, "largest") == 0 ? RD_KAFKA_OFFSET_END : RD_KAFKA_OFFSET_INVALID;
}

static bool has_none(const rd_kafka_topic_partition_t *partition)
{
    return partition->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
           partition->offset == RD_KAFKA_OFFSET_INVALID;
}

/* Returns the partitions without a committed offset, to be destroyed by the caller. They have their
 * offsets if all leaders answered. ListOffsets takes the first offset and the end as special
 * times. */
static rd_kafka_topic_partition_list_t *look_up(const struct mr_question *question)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    for (int i = 0; i < question->partitions->cnt; i++) {
        const rd_kafka_topic_partition_t *each = &question->partitions->elems[i];
        if (has_none(each))
            rd_kafka_topic_partition_list_add(list, each->topic, each->partition)->offset =
                question->reset;
    }
    if (list->cnt > 0)
        rd_kafka_offsets_for_times(question->handle, list, TIMEOUT_MS);
    return list;
}

/* Gives each partition without a committed offset the offset that librdkafka would look up. If
 * librdkafka looks up itself, and the partition is paused and resumed, or revoked, meanwhile, it
 * looks up once more half a second later. It then returns to the first record even if others are
 * read already (up to 2.14 at least).
 *
 * If a leader does not answer, librdkafka must look up itself, which it does once for a named
 * position. */
static void reset(struct mr_question *question)
{
    rd_kafka_topic_partition_list_t *found = look_up(question);
    for (int i = 0; i < found->cnt; i++) {
        const rd_kafka_topic_partition_t *each = &found->elems[i];
        bool known = each->err == RD_KAFKA_RESP_ERR_NO_ERROR && each->offset >= 0;
        rd_kafka_topic_partition_list_find(question->partitions, each->topic, each->partition)
            ->offset = known ? each->offset : question->reset;
    }
    rd_kafka_topic_partition_list_destroy(found);
}

static void ask(struct mr_question *question)
{
    question->error = rd_kafka_committed(question->handle, question->partitions, TIMEOUT_MS);
    if (question->error == RD_KAFKA_RESP_ERR_NO_ERROR && question->reset != RD_KAFKA_OFFSET_INVALID)
        reset(question);
}

#define NEXT(state, next) [MR_STARTS_##state] = (next),
static const unsigned followers[MR_STARTS_STATES] = {MR_STARTS_STATE_TABLE(NEXT)};
#undef NEXT

static void become(struct mr_starts *starts, enum mr_starts_state next)
{
    MR_ASSERT((followers[starts->state] & 1U << next) != 0);
    starts->state = next;
}

void mr_starts_init(struct mr_starts *starts, rd_kafka_t *handle, const char *group_id,
                    struct mr_timers *timers)
{
    *starts = (struct mr_starts){
        .handle = handle, .reset = reset_of(handle), .group_id = group_id, .timers = timers};
}

void mr_starts_ask(struct mr_starts *starts, const rd_kafka_topic_partition_list_t *partitions)
{
    become(starts, MR_STARTS_DUE);
    starts->wanted = rd_kafka_topic_partition_list_copy(partitions);
    starts->told = false;
}

struct mr_question *mr_starts_question(struct mr_starts *starts)
{
    if (starts->state != MR_STARTS_DUE || starts->open)
        return NULL;
    become(starts, MR_STARTS_ASKED);
    starts->open = true;
    struct mr_question *question =
        mr_question_new(ask, starts->handle, starts->group_id, starts->wanted);
    question->reset = starts->reset;
    return question;
}

static void on_again(struct mr_timer *timer)
{
    become(MR_CONTAINER(timer, struct mr_starts, timer), MR_STARTS_DUE);
}

/* Describes the error. While a transaction is open, librdkafka repeats the question itself, and
 * reports a coordinator that does not answer. */
static const char *name_of(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__TIMED_OUT
               ? "a transaction with the group's offsets is open, or the group's coordinator does "
                 "not answer"
               : rd_kafka_err2str(error);
}

static void ask_again(struct mr_starts *starts, rd_kafka_resp_err_t error)
{
    if (!starts->told)
        mr_log(MR_LOG_WARN, "offsets_unknown", MR_S("group", starts->group_id),
               MR_S("message", name_of(error)));
    starts->told = true;
    become(starts, MR_STARTS_AGAIN);
    mr_timers_arm(starts->timers, &starts->timer, mr_clock_ms() + AGAIN_MS, on_again);
}

/* Takes the offsets from the answer, or returns why it has none. Partitions with another error than
 * an open transaction are left to librdkafka, which asks and reports by itself. */
static rd_kafka_resp_err_t take(const struct mr_starts *starts, const struct mr_question *question)
{
    if (question->error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return question->error;
    for (int i = 0; i < starts->wanted->cnt; i++) {
        const rd_kafka_topic_partition_t *found = &question->partitions->elems[i];
        if (found->err == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT)
            return found->err;
        starts->wanted->elems[i].offset =
            found->err == RD_KAFKA_RESP_ERR_NO_ERROR ? found->offset : RD_KAFKA_OFFSET_INVALID;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_topic_partition_list_t *mr_starts_answered(struct mr_starts *starts,
                                                    const struct mr_question *question)
{
    starts->open = false;
    if (starts->state != MR_STARTS_ASKED)
        return NULL;
    rd_kafka_resp_err_t error = take(starts, question);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        return mr_starts_give_up(starts);
    ask_again(starts, error);
    return NULL;
}

rd_kafka_topic_partition_list_t *mr_starts_give_up(struct mr_starts *starts)
{
    rd_kafka_topic_partition_list_t *partitions = starts->wanted;
    if (starts->state == MR_STARTS_NONE)
        return NULL;
    become(starts, MR_STARTS_NONE);
    starts->wanted = NULL;
    mr_timers_cancel(starts->timers, &starts->timer);
    return partitions;
}

void mr_starts_free(struct mr_starts *starts)
{
    rd_kafka_topic_partition_list_t *partitions = mr_starts_give_up(starts);
    if (partitions != NULL)
        rd_kafka_topic_partition_list_destroy(partitions);
}
