#include "kafka/consumer/pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/panic.h"

enum {
    ASK_AGAIN_MS = 5000, /* after a denial */
    BELIEVE_MS = 3000, /* longer than a fetch takes: access is allowed if no denial came by then */
    LEAST_PATIENCE_MS = 2000,
};

/* A partition that may not be read; -1: the whole topic. */
struct mr_denied {
    char *topic;
    int32_t partition;
    uint64_t told, asked; /* ms */
    struct mr_denied *next;
};

/* Returns a third of the session's timeout, which is three heartbeats by our defaults; but at least
 * LEAST_PATIENCE_MS. */
static uint64_t patience_of(const rd_kafka_conf_t *conf)
{
    char session[32] = "";
    size_t size = sizeof(session);
    rd_kafka_conf_get(conf, "session.timeout.ms", session, &size);
    uint64_t patience = strtoull(session, NULL, 10) / 3;
    return patience > LEAST_PATIENCE_MS ? patience : LEAST_PATIENCE_MS;
}

void mr_pulse_init(struct mr_pulse *pulse, const char *group_id, const rd_kafka_conf_t *conf,
                   const struct mr_beats *beats)
{
    *pulse = (struct mr_pulse){.group_id = group_id, .patience = patience_of(conf), .beats = beats};
}

static bool is_of(const struct mr_denied *denied, const char *topic, int32_t partition)
{
    return denied->partition == partition && strcmp(denied->topic, topic) == 0;
}

static void deny(struct mr_pulse *pulse, const char *topic, int32_t partition)
{
    struct mr_denied *denied = pulse->denied;
    while (denied != NULL && !is_of(denied, topic, partition))
        denied = denied->next;
    if (denied == NULL) {
        denied = mr_alloc(sizeof(*denied));
        denied->topic = mr_strdup(topic);
        denied->partition = partition;
        denied->next = pulse->denied;
        pulse->denied = denied;
    }
    denied->told = mr_clock_ms();
}

static void forget(struct mr_denied **link)
{
    struct mr_denied *denied = *link;
    *link = denied->next;
    free(denied->topic);
    free(denied);
}

static void allow(struct mr_pulse *pulse, const char *topic, int32_t partition)
{
    for (struct mr_denied **link = &pulse->denied; *link != NULL; link = &(*link)->next)
        if (is_of(*link, topic, partition)) {
            forget(link);
            return;
        }
}

void mr_pulse_error(struct mr_pulse *pulse, const rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        pulse->group_denied = true;
    if (message->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED && message->rkt != NULL)
        deny(pulse, rd_kafka_topic_name(message->rkt), message->partition);
}

void mr_pulse_took(struct mr_pulse *pulse, const rd_kafka_message_t *message)
{
    if (pulse->denied != NULL)
        allow(pulse, rd_kafka_topic_name(message->rkt), message->partition);
}

void mr_pulse_committed(struct mr_pulse *pulse, rd_kafka_resp_err_t error,
                        const rd_kafka_topic_partition_list_t *offsets)
{
    if (error == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        pulse->group_denied = true;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        pulse->group_denied = false;
    for (int i = 0; offsets != NULL && i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *each = &offsets->elems[i];
        if (each->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
            deny(pulse, each->topic, each->partition);
        else if (error == RD_KAFKA_RESP_ERR_NO_ERROR && each->offset >= 0)
            allow(pulse, each->topic, each->partition);
    }
}

void mr_pulse_joined(struct mr_pulse *pulse)
{
    pulse->group_denied = false;
    for (struct mr_denied **link = &pulse->denied; *link != NULL;)
        if ((*link)->partition < 0)
            forget(link);
        else
            link = &(*link)->next;
}

/* Asks again for a denied partition. A denial is reported once by librdkafka, and its end never:
 * only another start at the same position shows it. */
static void ask_again(struct mr_pulse *pulse, struct mr_denied *denied)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *each =
        rd_kafka_topic_partition_list_add(list, denied->topic, denied->partition);
    rd_kafka_position(pulse->handle, list);
    if (each->offset >= 0) {
        rd_kafka_error_t *error = rd_kafka_seek_partitions(pulse->handle, list, 0);
        if (error == NULL)
            denied->asked = mr_clock_ms();
        else
            rd_kafka_error_destroy(error);
    } else { /* no message was taken from it, so it is not paused as full */
        rd_kafka_pause_partitions(pulse->handle, list);
        rd_kafka_resume_partitions(pulse->handle, list);
        denied->asked = mr_clock_ms();
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* Returns true if it is still denied. */
static bool look(struct mr_pulse *pulse, struct mr_denied *denied, uint64_t now)
{
    if (denied->partition < 0) /* denied to a subscription: the next join clears it */
        return true;
    bool asked = denied->asked > denied->told;
    if (asked && now - denied->asked >= BELIEVE_MS)
        return false;
    if (!asked && now - denied->told >= ASK_AGAIN_MS)
        ask_again(pulse, denied);
    return true;
}

static void look_at_all(struct mr_pulse *pulse)
{
    uint64_t now = mr_clock_ms();
    for (struct mr_denied **link = &pulse->denied; *link != NULL;)
        if (look(pulse, *link, now))
            link = &(*link)->next;
        else
            forget(link);
}

static uint64_t silence(const struct mr_pulse *pulse)
{
    uint64_t answered = atomic_load(&pulse->beats->answered), now = mr_clock_ms();
    bool waits = answered != 0 && !atomic_load(&pulse->beats->joining);
    return waits && now > answered ? now - answered : 0;
}

enum mr_outage mr_pulse_trouble(struct mr_pulse *pulse, bool joined, char *why, size_t size)
{
    look_at_all(pulse);
    if (pulse->group_denied) {
        snprintf(why, size, "the group %s may not be read: allow READ on it", pulse->group_id);
        return MR_OUTAGE_GROUP_DENIED;
    }
    if (pulse->denied != NULL) {
        snprintf(why, size, "the topic %s may not be read: allow READ on it", pulse->denied->topic);
        return MR_OUTAGE_TOPIC_DENIED;
    }
    if (joined && silence(pulse) >= pulse->patience) {
        snprintf(why, size, "the coordinator of the group %s does not answer", pulse->group_id);
        return MR_OUTAGE_COORDINATOR;
    }
    return MR_OUTAGE_NONE;
}

void mr_pulse_free(struct mr_pulse *pulse)
{
    while (pulse->denied != NULL)
        forget(&pulse->denied);
}
