/* The pulse of a consumer: whether its group's coordinator answers, and whether its group and its
 * topics may be read. librdkafka goes on by itself after each of these faults and tells of some of
 * them once, of others never; so this room keeps them as states that heal. Included only in this
 * folder. */
#ifndef MR_KAFKA_CONSUMER_PULSE_H
#define MR_KAFKA_CONSUMER_PULSE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "kafka/consumer/beats.h"
#include "kafka/consumer/consumer.h"

struct mr_pulse {
    rd_kafka_t *handle; /* set by the owner */
    const struct mr_beats *beats;
    uint64_t patience; /* ms of the coordinator's silence */
    const char *group_id;
    bool group_denied;
    struct mr_denied *denied; /* topics, or partitions of them */
};

/* Before the handle is made, of `conf`. */
void mr_pulse_init(struct mr_pulse *pulse, const char *group_id, const rd_kafka_conf_t *conf,
                   const struct mr_beats *beats);
/* The consumer was given an error instead of a message. */
void mr_pulse_error(struct mr_pulse *pulse, const rd_kafka_message_t *message);
/* A message came, so its partition may be read. */
void mr_pulse_took(struct mr_pulse *pulse, const rd_kafka_message_t *message);
/* A commit was answered. */
void mr_pulse_committed(struct mr_pulse *pulse, rd_kafka_resp_err_t error,
                        const rd_kafka_topic_partition_list_t *offsets);
/* The group was joined anew: it may be read, and so may the topics that were subscribed to. */
void mr_pulse_joined(struct mr_pulse *pulse);
/* Asks again for what was denied, every few seconds. Returns what is wrong, with the reason. */
enum mr_outage mr_pulse_trouble(struct mr_pulse *pulse, bool joined, char *why, size_t size);
void mr_pulse_free(struct mr_pulse *pulse);

#endif
