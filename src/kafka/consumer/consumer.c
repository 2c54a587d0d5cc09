#include "kafka/consumer/consumer.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/consumer/commits.h"
#include "kafka/consumer/coverage.h"
#include "kafka/consumer/damage.h"
#include "kafka/consumer/fence.h"
#include "kafka/consumer/membership.h"
#include "kafka/consumer/pauses.h"
#include "kafka/consumer/prefetch.h"
#include "kafka/consumer/pulse.h"
#include "kafka/consumer/rebalance.h"
#include "kafka/consumer/subscriber.h"
#include "kafka/endings.h"
#include "kafka/view.h"

struct mr_consumer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue, *answers;
    struct mr_subscriber subscriber;
    const struct mr_consumer_events *events;
    void *data;
    struct mr_commits commits;
    struct mr_rebalance rebalance;
    struct mr_pauses pauses;
    struct mr_prefetch prefetch;
    struct mr_pulse pulse;
    struct mr_damage damage;
    struct mr_beats *beats; /* lives as long as the handle, which may outlive the consumer */
    struct mr_coverage coverage;
    bool failed, given_up;
    enum mr_fence fence;
};

static void on_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t what,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct mr_consumer *consumer = opaque;
    (void)handle;
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        mr_pulse_joined(&consumer->pulse);
    else
        mr_damage_revoked(&consumer->damage, partitions);
    mr_rebalance_serve(&consumer->rebalance, what, partitions);
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
        mr_coverage_assigned(&consumer->coverage);
    mr_subscriber_further(&consumer->subscriber);
}

static void on_error(rd_kafka_t *handle, int error, const char *reason, void *opaque)
{
    struct mr_consumer *consumer = opaque;
    (void)handle;
    consumer->events->troubled(consumer->data, error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
                               reason);
}

static rd_kafka_conf_t *make_conf(struct mr_consumer *consumer, const struct mr_config *config,
                                  const char *group_id, const char *instance_id,
                                  struct mr_timers *timers, struct mr_errors *errors)
{
    rd_kafka_conf_t *conf = mr_kafka_conf(config, MR_ROLE_CONSUMER, errors);
    mr_kafka_conf_set(conf, "group.id", group_id, "kafka.group_id", errors);
    if (instance_id[0] != '\0')
        mr_kafka_conf_set(conf, "group.instance.id", instance_id, "kafka.group_instance_id",
                          errors);
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
    consumer->beats = mr_beats_new(conf);
    mr_commits_init(&consumer->commits, timers,
                    (uint64_t)mr_config_integer(config, "commit_interval"), consumer->beats);
    mr_pulse_init(&consumer->pulse, consumer->rebalance.group_id, conf, consumer->beats);
    consumer->commits.pulse = &consumer->pulse;
    return conf;
}

static struct mr_consumer *discard(struct mr_consumer *consumer)
{
    mr_commits_free(&consumer->commits);
    free(consumer->beats);
    mr_rebalance_free(&consumer->rebalance);
    free(consumer);
    return NULL;
}

struct mr_consumer *mr_consumer_new(const struct mr_config *config, const char *group_id,
                                    const char *instance_id, size_t count, int wake_fd,
                                    struct mr_timers *timers,
                                    const struct mr_consumer_events *events, void *data,
                                    struct mr_errors *errors)
{
    struct mr_consumer *consumer = mr_alloc(sizeof(*consumer));
    *consumer = (struct mr_consumer){.events = events, .data = data};
    consumer->rebalance = (struct mr_rebalance){.group_id = mr_strdup(group_id),
                                                .commits = &consumer->commits,
                                                .pauses = &consumer->pauses,
                                                .events = events,
                                                .data = data};
    size_t before = errors->count;
    rd_kafka_conf_t *conf = make_conf(consumer, config, group_id, instance_id, timers, errors);
    mr_prefetch_limit(conf, config, count, errors);
    if (errors->count > before) {
        rd_kafka_conf_destroy(conf);
        return discard(consumer);
    }
    consumer->handle = mr_kafka_handle(RD_KAFKA_CONSUMER, conf, errors);
    if (consumer->handle == NULL)
        return discard(consumer);
    rd_kafka_poll_set_consumer(consumer->handle);
    consumer->queue = rd_kafka_queue_get_consumer(consumer->handle);
    consumer->pauses.handle = consumer->pulse.handle = consumer->handle;
    consumer->pauses.prefetch = &consumer->prefetch;
    consumer->damage =
        (struct mr_damage){.pauses = &consumer->pauses, .group_id = consumer->rebalance.group_id};
    consumer->commits.handle = consumer->handle;
    consumer->answers = consumer->commits.queue = rd_kafka_queue_new(consumer->handle);
    consumer->commits.accepted = events->committed;
    consumer->commits.data = data;
    consumer->subscriber.handle = consumer->handle;
    consumer->subscriber.beats = consumer->beats;
    mr_rebalance_begin(&consumer->rebalance, consumer->handle, timers);
    mr_prefetch_begin(&consumer->prefetch, consumer->handle, consumer->queue);
    rd_kafka_set_log_queue(consumer->handle, consumer->queue);
    mr_kafka_wake_by(consumer->queue, wake_fd);
    mr_kafka_wake_by(consumer->answers, wake_fd);
    if (instance_id[0] != '\0')
        mr_coverage_begin(&consumer->coverage, consumer->handle, consumer->rebalance.group_id,
                          timers);
    return consumer;
}

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
        mr_pulse_error(&consumer->pulse, polled);
        if (polled->err == RD_KAFKA_RESP_ERR__FATAL)
            fail(consumer, rd_kafka_message_errstr(polled));
        else if (!mr_damage_error(&consumer->damage, polled))
            mr_kafka_log_failure(consumer->handle, "consumer_trouble",
                                 rd_kafka_message_errstr(polled));
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

/* Returns false if librdkafka would abort. Before 2.3 it aborts if it destroys a member that joined
 * but never got an assignment (its issue 4312). */
static bool may_be_destroyed(const struct mr_consumer *consumer)
{
    enum { ASKS_FIRST = 0x02030000 /* librdkafka's version */ };
    return rd_kafka_version() >= ASKS_FIRST || consumer->rebalance.ever ||
           !atomic_load(&consumer->beats->ever_joined);
}

/* Does not destroy a client that has not closed: that may wait for a broker for ever, so the client
 * stays until the process ends. A failed client can be destroyed; it does not leave its group. */
void mr_consumer_free(struct mr_consumer *consumer)
{
    mr_pulse_free(&consumer->pulse);
    mr_damage_free(&consumer->damage);
    mr_coverage_end(&consumer->coverage);
    mr_subscriber_free(&consumer->subscriber);
    mr_pauses_free(&consumer->pauses);
    mr_prefetch_free(&consumer->prefetch);
    mr_rebalance_free(&consumer->rebalance);
    rd_kafka_queue_io_event_enable(consumer->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(consumer->queue);
    rd_kafka_queue_io_event_enable(consumer->answers, -1, NULL, 0);
    rd_kafka_queue_destroy(consumer->answers);
    if ((mr_consumer_closed(consumer) || consumer->given_up) && may_be_destroyed(consumer))
        mr_endings_add(consumer->handle, consumer->beats);
    mr_commits_free(&consumer->commits);
    free(consumer);
}
