#include "kafka/consumer/consumer.h"

#include "base/log.h"
#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/consumer/consumer_state.h"
#include "kafka/consumer/membership.h"
#include "kafka/endings.h"
#include "kafka/view.h"

int mr_consumer_subscribe(struct mr_consumer *consumer, const char *const *topics, size_t count,
                          struct mr_errors *errors)
{
    return mr_subscriber_want(&consumer->subscriber, topics, count, errors);
}

void mr_consumer_give_back(struct mr_consumer *consumer)
{
    mr_rebalance_give_back(&consumer->rebalance);
    mr_subscriber_further(&consumer->subscriber);
}

void mr_consumer_commit(struct mr_consumer *consumer)
{
    mr_commits_now(&consumer->commits);
}

bool mr_consumer_committed(const struct mr_consumer *consumer)
{
    return mr_commits_done(&consumer->commits);
}

enum mr_outage mr_consumer_trouble(struct mr_consumer *consumer, bool joined, char *why,
                                   size_t size)
{
    return mr_pulse_trouble(&consumer->pulse, joined, why, size);
}

size_t mr_consumer_damaged(struct mr_consumer *consumer)
{
    return mr_damage_look(&consumer->damage);
}

bool mr_consumer_failed(const struct mr_consumer *consumer, char *why, size_t size)
{
    return consumer->failed && mr_kafka_failed(consumer->handle, why, size);
}

enum mr_fence mr_consumer_fence(const struct mr_consumer *consumer)
{
    return consumer->fence;
}

void mr_consumer_give_up(struct mr_consumer *consumer)
{
    MR_ASSERT(consumer->failed);
    consumer->given_up = true;
    mr_coverage_end(&consumer->coverage);
    mr_commits_drop(&consumer->commits);
}

void mr_consumer_leave(struct mr_consumer *consumer)
{
    struct mr_errors errors = {0};
    mr_coverage_end(&consumer->coverage);
    mr_rebalance_leave(&consumer->rebalance);
    if (mr_subscriber_want(&consumer->subscriber, NULL, 0, &errors) != 0)
        mr_kafka_log_failure(consumer->handle, "leave_failed", mr_errors_text(&errors));
    mr_errors_free(&errors);
}

bool mr_consumer_left(struct mr_consumer *consumer)
{
    return mr_rebalance_left(&consumer->rebalance);
}

void mr_consumer_close(struct mr_consumer *consumer)
{
    mr_coverage_end(&consumer->coverage);
    mr_subscriber_stay(&consumer->subscriber);
    mr_rebalance_leave(&consumer->rebalance);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->handle, consumer->queue);
    if (error == NULL)
        return;
    mr_kafka_log_failure(consumer->handle, "close_failed", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
}

struct mr_question *mr_consumer_question(struct mr_consumer *consumer)
{
    struct mr_question *question = mr_starts_question(&consumer->rebalance.starts);
    return question != NULL
               ? question
               : mr_coverage_question(&consumer->coverage, consumer->subscriber.current);
}

static void cover(struct mr_consumer *consumer, const struct mr_question *question)
{
    const rd_kafka_topic_partition_list_t *missing =
        mr_coverage_answered(&consumer->coverage, question);
    if (missing == NULL)
        return;
    mr_log(MR_LOG_INFO, "assignment_outdated", MR_S("group", consumer->rebalance.group_id),
           MR_S("topic", missing->elems[0].topic), MR_I("topics", missing->cnt),
           MR_S("message", "since this member came back, some partitions of its topics are "
                           "assigned to nobody; the group is made to assign partitions again"));
    mr_subscriber_anew(&consumer->subscriber, missing);
}

void mr_consumer_answered(struct mr_consumer *consumer, const struct mr_question *question)
{
    if (mr_coverage_is_its(question))
        cover(consumer, question);
    else
        mr_rebalance_answered(&consumer->rebalance, question);
}

/* Takes note of a fatal error, which comes as a message (a producer's comes as an error). Lost
 * partitions are revoked before it comes. */
static void fail(struct mr_consumer *consumer, const char *why)
{
    consumer->failed = true;
    consumer->fence = mr_fence_of(consumer->handle, consumer->rebalance.lost);
    consumer->events->troubled(consumer->data, false, why);
}

/* Reports the end of a partition. The end comes in the consumer's queue, behind the messages before
 * it. If the partition is paused or revoked, librdkafka drops it together with these messages. It
 * comes again when the end is reached again. */
static void report_end(struct mr_consumer *consumer, const rd_kafka_message_t *polled)
{
    const struct mr_message end = {.source = polled->rkt,
                                   .topic = rd_kafka_topic_name(polled->rkt),
                                   .partition = polled->partition,
                                   .offset = polled->offset};
    consumer->events->ended(consumer->data, &end);
}

static void handle_error(struct mr_consumer *consumer, const rd_kafka_message_t *polled)
{
    if (polled->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        report_end(consumer, polled);
        return;
    }
    mr_pulse_error(&consumer->pulse, polled);
    if (polled->err == RD_KAFKA_RESP_ERR__FATAL)
        fail(consumer, rd_kafka_message_errstr(polled));
    else if (!mr_damage_error(&consumer->damage, polled))
        mr_kafka_log_failure(consumer->handle, "consumer_trouble", rd_kafka_message_errstr(polled));
}

bool mr_consumer_poll(struct mr_consumer *consumer, struct mr_message *message)
{
    rd_kafka_message_t *polled;
    while (!consumer->failed && (polled = rd_kafka_consumer_poll(consumer->handle, 0)) != NULL) {
        if (polled->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            mr_prefetch_took(&consumer->prefetch, polled);
            mr_pulse_took(&consumer->pulse, polled);
            mr_damage_took(&consumer->damage, polled);
            mr_message_view(message, polled);
            return true;
        }
        handle_error(consumer, polled);
        rd_kafka_message_destroy(polled);
    }
    mr_prefetch_emptied(&consumer->prefetch);
    return false;
}

void mr_consumer_serve(struct mr_consumer *consumer)
{
    rd_kafka_queue_poll_callback(consumer->answers, 0);
}

void mr_consumer_store(struct mr_consumer *consumer, const char *topic, int32_t partition,
                       int64_t next)
{
    mr_commits_store(&consumer->commits, topic, partition, next);
}

int64_t mr_consumer_end(const struct mr_consumer *consumer, const char *topic, int32_t partition)
{
    int64_t first, end = -1;
    rd_kafka_get_watermark_offsets(consumer->handle, topic, partition, &first, &end);
    return end;
}

int64_t mr_consumer_start(const struct mr_consumer *consumer, const char *topic, int32_t partition)
{
    return mr_rebalance_start(&consumer->rebalance, topic, partition);
}

void mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t partition,
                       enum mr_pause reason)
{
    mr_pauses_add(&consumer->pauses, topic, partition, reason);
}

void mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t partition,
                        enum mr_pause reason)
{
    mr_pauses_drop(&consumer->pauses, topic, partition, reason);
}

void mr_consumer_pause_all(struct mr_consumer *consumer, enum mr_pause reason)
{
    mr_pauses_add_all(&consumer->pauses, reason);
}

void mr_consumer_resume_all(struct mr_consumer *consumer, enum mr_pause reason)
{
    mr_pauses_drop_all(&consumer->pauses, reason);
}

struct mr_membership *mr_consumer_membership(const struct mr_consumer *consumer)
{
    return consumer->rebalance.membership;
}

bool mr_consumer_closed(const struct mr_consumer *consumer)
{
    return rd_kafka_consumer_closed(consumer->handle) != 0;
}
