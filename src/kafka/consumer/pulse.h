/* The pulse of a consumer: whether its group's coordinator answers, and whether its group and
 * topics may be read. After such a fault librdkafka goes on by itself. It reports some faults once
 * and others never, so this file keeps them as states that end by themselves. Included only in this
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
    uint64_t patience; /* ms that the coordinator may be silent */
    const char *group_id;
    bool group_denied;
    struct mr_denied *denied; /* topics, or single partitions */
};

/* Call this before the handle is made from `conf`. */
void mr_pulse_init(struct mr_pulse *pulse, const char *group_id, const rd_kafka_conf_t *conf,
                   const struct mr_beats *beats);
/* Notes that the consumer got an error instead of a message. */
void mr_pulse_error(struct mr_pulse *pulse, const rd_kafka_message_t *message);
/* Notes that a message came: its partition may be read. */
void mr_pulse_took(struct mr_pulse *pulse, const rd_kafka_message_t *message);
/* Notes the answer to a commit. */
void mr_pulse_committed(struct mr_pulse *pulse, rd_kafka_resp_err_t error,
                        const rd_kafka_topic_partition_list_t *offsets);
/* Notes that the group was joined: the group and the subscribed topics may be read. */
void mr_pulse_joined(struct mr_pulse *pulse);
/* Asks again, every few seconds, for access that was denied. Returns the present trouble, with the
 * reason. */
enum mr_outage mr_pulse_trouble(struct mr_pulse *pulse, bool joined, char *why, size_t size);
void mr_pulse_free(struct mr_pulse *pulse);

#endif
