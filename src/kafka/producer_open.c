/* Design: there are three kinds of producer. The first takes its settings from the configuration.
 * The second one is made from a copy of these, and its batches hold one record. The third sends in
 * transactions, under an id. Reports are events because callbacks would run in the wrong thread: a
 * thread of the pool that flushes or commits would call them. With events, that thread only waits
 * until the loop's thread has taken them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/endings.h"
#include "kafka/producer_state.h"

/* Returns true if kafka.properties set the compression, under any of librdkafka's names. */
static bool says_how_to_compress(const struct mr_config *config)
{
    static const char *const paths[] = {"kafka.properties[\"compression.type\"]",
                                        "kafka.properties[\"compression.codec\"]",
                                        "kafka.properties[\"topic.compression.type\"]",
                                        "kafka.properties[\"topic.compression.codec\"]"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (mr_config_is_set(config, paths[i]))
            return true;
    return false;
}

/* Keeps a configuration for mr_producer_new_single. Call it before the handle takes over `conf`. */
static void keep_single(struct mr_producer *producer, const rd_kafka_conf_t *conf,
                        const struct mr_config *config, struct mr_errors *errors)
{
    rd_kafka_conf_t *single = producer->single = mr_kafka_conf_again(conf);
    mr_kafka_conf_set(single, "batch.num.messages", "1", "built-in", errors);
    if (!says_how_to_compress(config))
        mr_kafka_conf_set(single, "compression.type", "zstd", "built-in", errors);
}

static void free_confs(struct mr_producer *producer)
{
    if (producer->single != NULL)
        rd_kafka_conf_destroy(producer->single);
    if (producer->reader != NULL)
        rd_kafka_conf_destroy(producer->reader);
}

/* Takes over `conf`. Frees the producer if it fails and returns NULL. */
static struct mr_producer *open_producer(struct mr_producer *producer, rd_kafka_conf_t *conf,
                                         int wake_fd, bool sound, struct mr_errors *errors)
{
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    if (!sound)
        rd_kafka_conf_destroy(conf);
    else
        producer->handle = mr_kafka_handle(RD_KAFKA_PRODUCER, conf, errors);
    if (producer->handle == NULL) {
        free_confs(producer);
        mr_unanswered_free(producer->unanswered);
        free(producer);
        return NULL;
    }
    producer->queue = rd_kafka_queue_get_main(producer->handle);
    rd_kafka_set_log_queue(producer->handle, NULL);
    mr_kafka_wake_by(producer->queue, wake_fd);
    return producer;
}

struct mr_producer *mr_producer_new(const struct mr_config *config, int wake_fd,
                                    const struct mr_producer_events *events, void *data,
                                    struct mr_errors *errors)
{
    struct mr_producer *producer = mr_alloc(sizeof(*producer));
    *producer = (struct mr_producer){.events = events, .data = data};
    size_t before = errors->count;
    rd_kafka_conf_t *conf = mr_kafka_conf(config, MR_ROLE_PRODUCER, errors);
    keep_single(producer, conf, config, errors);
    return open_producer(producer, conf, wake_fd, errors->count == before, errors);
}

struct mr_producer *mr_producer_new_single(const struct mr_producer *like, int wake_fd,
                                           const struct mr_producer_events *events, void *data,
                                           struct mr_errors *errors)
{
    struct mr_producer *producer = mr_alloc(sizeof(*producer));
    *producer = (struct mr_producer){.events = events, .data = data};
    return open_producer(producer, mr_kafka_conf_again(like->single), wake_fd, true, errors);
}

/* If a worker dies and no producer with its id comes back, its open transaction delays readers of
 * committed records for this long. */
enum { TRANSACTION_TIMEOUT_MS = 10000 };

static void set_timeout(rd_kafka_conf_t *conf, const struct mr_config *config,
                        struct mr_errors *errors)
{
    char timeout[32];
    if (mr_config_is_set(config, "kafka.properties[\"transaction.timeout.ms\"]"))
        return;
    snprintf(timeout, sizeof(timeout), "%lld",
             TRANSACTION_TIMEOUT_MS + (long long)mr_config_integer(config, "transaction.interval"));
    mr_kafka_conf_set(conf, "transaction.timeout.ms", timeout, "built-in", errors);
}

struct mr_producer *mr_producer_new_transactional(const struct mr_config *config, const char *id,
                                                  int wake_fd,
                                                  const struct mr_producer_events *events,
                                                  void *data, struct mr_errors *errors)
{
    struct mr_producer *producer = mr_alloc(sizeof(*producer));
    *producer = (struct mr_producer){.events = events, .data = data};
    size_t before = errors->count;
    rd_kafka_conf_t *conf = mr_kafka_conf(config, MR_ROLE_TRANSACTIONS, errors);
    producer->reader = mr_kafka_conf(config, MR_ROLE_CONSUMER, errors);
    producer->unanswered = mr_unanswered_new(conf);
    producer->squeezes = !says_how_to_compress(config);
    mr_kafka_conf_set(conf, "transactional.id", id, "built-in", errors);
    set_timeout(conf, config, errors);
    return open_producer(producer, conf, wake_fd, errors->count == before, errors);
}

static void read_property(const struct mr_producer *producer, const char *name, char *value,
                          size_t size)
{
    rd_kafka_conf_res_t got =
        rd_kafka_conf_get(rd_kafka_conf(producer->handle), name, value, &size);
    MR_ASSERT(got == RD_KAFKA_CONF_OK);
}

uint64_t mr_producer_transaction_timeout(const struct mr_producer *producer)
{
    char text[32];
    read_property(producer, "transaction.timeout.ms", text, sizeof(text));
    return strtoull(text, NULL, 10);
}

bool mr_producer_compresses(const struct mr_producer *producer)
{
    char text[32];
    read_property(producer, "compression.codec", text, sizeof(text));
    return strcmp(text, "none") != 0;
}

size_t mr_producer_largest(const struct mr_producer *producer)
{
    char text[32];
    read_property(producer, "message.max.bytes", text, sizeof(text));
    return (size_t)strtoull(text, NULL, 10);
}

void mr_producer_free(struct mr_producer *producer)
{
    MR_ASSERT(producer->outstanding == 0);
    if (producer->topic != NULL)
        rd_kafka_topic_destroy(producer->topic);
    rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(producer->queue);
    mr_endings_add(producer->handle, producer->unanswered);
    free_confs(producer);
    free(producer);
}
