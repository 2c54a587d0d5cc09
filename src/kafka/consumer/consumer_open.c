#include <stdlib.h>

#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/consumer/consumer_state.h"
#include "kafka/endings.h"
#include "kafka/view.h"

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

/* Gives the client to the consumer's parts, and its queues to the loop. */
static void begin(struct mr_consumer *consumer, int wake_fd, struct mr_timers *timers)
{
    rd_kafka_poll_set_consumer(consumer->handle);
    consumer->queue = rd_kafka_queue_get_consumer(consumer->handle);
    consumer->pauses.handle = consumer->pulse.handle = consumer->handle;
    consumer->pauses.prefetch = &consumer->prefetch;
    consumer->damage =
        (struct mr_damage){.pauses = &consumer->pauses, .group_id = consumer->rebalance.group_id};
    consumer->commits.handle = consumer->handle;
    consumer->answers = consumer->commits.queue = rd_kafka_queue_new(consumer->handle);
    consumer->commits.accepted = consumer->events->committed;
    consumer->commits.data = consumer->data;
    consumer->subscriber.handle = consumer->handle;
    consumer->subscriber.beats = consumer->beats;
    mr_rebalance_begin(&consumer->rebalance, consumer->handle, timers);
    mr_prefetch_begin(&consumer->prefetch, consumer->handle, consumer->queue);
    rd_kafka_set_log_queue(consumer->handle, consumer->queue);
    mr_kafka_wake_by(consumer->queue, wake_fd);
    mr_kafka_wake_by(consumer->answers, wake_fd);
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
    begin(consumer, wake_fd, timers);
    if (instance_id[0] != '\0')
        mr_coverage_begin(&consumer->coverage, consumer->handle, consumer->rebalance.group_id,
                          timers);
    return consumer;
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
