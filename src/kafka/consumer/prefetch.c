#include "kafka/consumer/prefetch.h"

#include <stdio.h>
#include <stdlib.h>

#include "kafka/conf.h"

/* Limits for all consumers of a worker. QUEUED_*: how much may be queued; one answer per broker may
 * exceed this. FETCH_BYTES: the size of an answer, if no single message is larger. PARTITION_BYTES:
 * a partition's part of an answer. BACKOFF_MS: how long a full queue stops fetching.
 *
 * A consumer's partitions share its queue, so a message waits until all messages before it are
 * taken. So the queue is small, and messages wait in the worker, which can choose between them
 * (schedule.h). One answer has room for the parts of eight partitions. After its queue was full,
 * librdkafka (2.0.2) begins with the same partition again. With larger parts, an answer would have
 * no room for the partitions behind it. For the sizes see docs/PERFORMANCE.md, Memory. */
enum {
    QUEUED_KBYTES = 2048,
    QUEUED_MESSAGES = 2000,
    FETCH_BYTES = 1 << 20,
    PARTITION_BYTES = FETCH_BYTES / 8,
    BACKOFF_MS = 5
};
enum { LEAST_KBYTES = 1024, LEAST_MESSAGES = 1000 }; /* per consumer, for any number of consumers */

enum { STEPS = 4, LOOK = 64, BACKOFF_SINCE = 0x02020000 /* librdkafka's version */ };

struct limiting {
    rd_kafka_conf_t *conf;
    const struct mr_config *config;
    struct mr_errors *errors;
};

static bool is_given(const struct mr_config *config, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "kafka.properties[\"%s\"]", name);
    return mr_config_is_set(config, path);
}

static size_t number_of(const rd_kafka_conf_t *conf, const char *name)
{
    char text[32] = "";
    size_t size = sizeof(text);
    rd_kafka_conf_get(conf, name, text, &size);
    return strtoul(text, NULL, 10);
}

static void limit(const struct limiting *limiting, const char *name, size_t value)
{
    char text[32];
    if (is_given(limiting->config, name))
        return;
    snprintf(text, sizeof(text), "%zu", value);
    mr_kafka_conf_set(limiting->conf, name, text, "built-in", limiting->errors);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

void mr_prefetch_limit(rd_kafka_conf_t *conf, const struct mr_config *config, size_t count,
                       struct mr_errors *errors)
{
    const struct limiting limiting = {conf, config, errors};
    limit(&limiting, "queued.max.messages.kbytes", larger(QUEUED_KBYTES / count, LEAST_KBYTES));
    limit(&limiting, "queued.min.messages", larger(QUEUED_MESSAGES / count, LEAST_MESSAGES));
    /* a consumer uses message.max.bytes only to refuse a smaller fetch.max.bytes */
    limit(&limiting, "message.max.bytes", FETCH_BYTES);
    limit(&limiting, "fetch.max.bytes", larger(FETCH_BYTES, number_of(conf, "message.max.bytes")));
    limit(&limiting, "max.partition.fetch.bytes", PARTITION_BYTES);
    if (rd_kafka_version() >= BACKOFF_SINCE)
        limit(&limiting, "fetch.queue.backoff.ms", BACKOFF_MS);
}

void mr_prefetch_begin(struct mr_prefetch *prefetch, rd_kafka_t *handle, rd_kafka_queue_t *queue)
{
    const rd_kafka_conf_t *conf = rd_kafka_conf(handle);
    mr_fetcher_begin(&prefetch->fetcher, handle);
    prefetch->timed = rd_kafka_version() >= BACKOFF_SINCE;
    prefetch->queue = queue;
    prefetch->step_bytes = number_of(conf, "queued.max.messages.kbytes") * 1000 / STEPS;
    prefetch->full_messages = number_of(conf, "queued.min.messages");
    prefetch->low_messages = larger(number_of(conf, "queued.min.messages") / STEPS, 1);
}

static void wake(struct mr_prefetch *prefetch)
{
    prefetch->bytes = 0;
    prefetch->full = false;
    mr_fetcher_wake(&prefetch->fetcher);
}

/* Returns true if the queue has become low after it was full. A queue that holds only a few LOOKs
 * is not measured: it may be low each time. */
static bool has_become_low(struct mr_prefetch *prefetch)
{
    bool was = prefetch->full, small = prefetch->full_messages < (size_t)8 * LOOK;
    if (++prefetch->messages < (small ? prefetch->low_messages : LOOK))
        return false;
    prefetch->messages = 0;
    if (small)
        return true;
    size_t length = rd_kafka_queue_length(prefetch->queue);
    prefetch->full = length + (size_t)2 * LOOK >= prefetch->full_messages ||
                     (was && length >= prefetch->low_messages);
    return was && !prefetch->full;
}

void mr_prefetch_took(struct mr_prefetch *prefetch, const rd_kafka_message_t *message)
{
    if (prefetch->timed)
        return;
    prefetch->bytes += message->len;
    if (has_become_low(prefetch) || prefetch->bytes >= prefetch->step_bytes)
        wake(prefetch);
}

void mr_prefetch_emptied(struct mr_prefetch *prefetch)
{
    if (prefetch->full)
        wake(prefetch);
}

void mr_prefetch_paused(struct mr_prefetch *prefetch)
{
    prefetch->full = !prefetch->timed;
}

void mr_prefetch_resumed(struct mr_prefetch *prefetch)
{
    wake(prefetch);
}

void mr_prefetch_free(struct mr_prefetch *prefetch)
{
    mr_fetcher_free(&prefetch->fetcher);
}
