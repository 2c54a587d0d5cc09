#include "kafka/starts.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"

enum {
    TIMEOUT_MS = 1000, /* of a question */
    AGAIN_MS = 100,
};

struct mr_question {
    rd_kafka_t *handle;
    rd_kafka_topic_partition_list_t *partitions;
    rd_kafka_resp_err_t error;
};

void mr_question_ask(struct mr_question *question)
{
    question->error = rd_kafka_committed(question->handle, question->partitions, TIMEOUT_MS);
}

void mr_question_free(struct mr_question *question)
{
    rd_kafka_topic_partition_list_destroy(question->partitions);
    free(question);
}

void mr_starts_init(struct mr_starts *starts, rd_kafka_t *handle, const char *group_id,
                    struct mr_timers *timers)
{
    *starts = (struct mr_starts){.handle = handle, .group_id = group_id, .timers = timers};
}

void mr_starts_ask(struct mr_starts *starts, const rd_kafka_topic_partition_list_t *partitions)
{
    MR_ASSERT(starts->wanted == NULL);
    starts->wanted = rd_kafka_topic_partition_list_copy(partitions);
    starts->told = false;
    starts->due = true;
    starts->stale = starts->open;
}

struct mr_question *mr_starts_question(struct mr_starts *starts)
{
    if (starts->wanted == NULL || !starts->due || starts->open)
        return NULL;
    struct mr_question *question = mr_alloc(sizeof(*question));
    question->handle = starts->handle;
    question->partitions = rd_kafka_topic_partition_list_copy(starts->wanted);
    starts->due = starts->stale = false;
    starts->open = true;
    return question;
}

static void on_again(struct mr_timer *timer)
{
    ((struct mr_starts *)((char *)timer - offsetof(struct mr_starts, timer)))->due = true;
}

/* While a transaction is open librdkafka asks again and again by itself, and tells of it as of a
 * coordinator that does not answer. */
static const char *name_of(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR__TIMED_OUT
               ? "a transaction on them is open, or their coordinator does not answer"
               : rd_kafka_err2str(error);
}

static void ask_again(struct mr_starts *starts, rd_kafka_resp_err_t error)
{
    if (!starts->told)
        mr_log(MR_LOG_WARN, "offsets_unknown", MR_S("group", starts->group_id),
               MR_S("message", name_of(error)));
    starts->told = true;
    mr_timers_arm(starts->timers, &starts->timer, mr_clock_ms() + AGAIN_MS, on_again);
}

/* One that has no offset, or another error than that of an open transaction, is left to librdkafka,
 * which asks for itself and tells. */
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
    if (starts->wanted == NULL || starts->stale)
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
