#include "kafka/reserved.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* In all spellings that librdkafka reads. */
#define TRUE_ONLY  "true t 1"
#define FALSE_ONLY "false f 0"

static const struct {
    const char *name;
    const char *fine; /* harmless values; NULL: none */
    const char *why;
} table[] = {
    {"bootstrap.servers", NULL, "use kafka.brokers"},
    {"metadata.broker.list", NULL, "use kafka.brokers"},
    {"client.id", NULL, "use kafka.client_id"},
    {"group.id", NULL, "use kafka.group_id, or group_id of a route"},
    {"group.instance.id", NULL, "each worker has its own instance id, use kafka.group_instance_id"},
    {"transactional.id", NULL, "each worker has its own transactional id, see kafka.client_id"},

    {"enable.auto.commit", FALSE_ONLY, "offsets are committed by Moonroute, see commit_interval"},
    {"auto.commit.enable", FALSE_ONLY, "offsets are committed by Moonroute, see commit_interval"},
    {"auto.commit.interval.ms", NULL, "use commit_interval"},
    {"enable.auto.offset.store", FALSE_ONLY, "an offset is stored when its handler has finished"},
    {"offset.store.method", "broker", "offsets are committed to the group's coordinator"},
    {"offset.store.path", NULL, "offsets are committed to the group's coordinator"},
    {"isolation.level", "read_committed",
     "messages of aborted transactions would be handled, and with exactly-once delivery partitions "
     "would begin at offsets of open transactions"},
    {"enable.partition.eof", NULL, "offset commits and the reply inbox rely on this property"},

    {"acks", "all -1",
     "a message is done when all in-sync replicas have its records; with fewer, a lost broker "
     "would lose records"},
    {"request.required.acks", "all -1",
     "a message is done when all in-sync replicas have its records; with fewer, a lost broker "
     "would lose records"},
    {"enable.idempotence", TRUE_ONLY,
     "a record that is sent again would be in its partition twice, or behind later records"},
    {"enable.gapless.guarantee", FALSE_ONLY,
     "one record that is refused would end the worker's producer"},
    {"message.timeout.ms", "0", "a record waits for its broker without a time limit"},
    {"delivery.timeout.ms", "0", "a record waits for its broker without a time limit"},
    {"retries", "2147483647", "a record is sent again until its broker has it or refuses it"},
    {"message.send.max.retries", "2147483647",
     "a record is sent again until its broker has it or refuses it"},
    {"queuing.strategy", "fifo", "records are sent in the order in which they were published"},
    {"delivery.report.only.error", FALSE_ONLY,
     "a message is done when the delivery of its records is reported"},

    {"enabled_events", NULL, "Moonroute takes the events that it needs"},
    {"log.queue", TRUE_ONLY, "the log goes through a queue"},
    {"api.version.request", TRUE_ONLY,
     "without this property no record has headers, and no producer is idempotent"},
};

static bool is_among(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; at != NULL && *at != '\0';) {
        size_t span = strcspn(at, " ");
        if (span == length && strncasecmp(at, word, length) == 0)
            return true;
        at += span;
        at += strspn(at, " ");
    }
    return false;
}

const char *mr_kafka_reserved(const char *name, const char *value)
{
    static const char prefix[] = "topic."; /* optional before a topic's property */
    const char *bare =
        strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? name + sizeof(prefix) - 1 : name;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (strcmp(name, table[i].name) == 0 || strcmp(bare, table[i].name) == 0)
            return is_among(table[i].fine, value) ? NULL : table[i].why;
    return NULL;
}
