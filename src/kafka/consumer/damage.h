/* Partitions of a consumer whose next batch is damaged. Its checksum is wrong, its format or codec
 * is unknown, or it cannot be uncompressed. librdkafka reports such a batch. Then it goes on behind
 * the batch, or at an offset that it took from the batch's bytes. So the partition is paused at
 * once, which drops what was fetched since. Every few seconds it begins at the batch again, because
 * another replica may have the batch whole. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_DAMAGE_H
#define MR_KAFKA_CONSUMER_DAMAGE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>

#include "kafka/consumer/pauses.h"

struct mr_damaged;

struct mr_damage {
    struct mr_pauses *pauses; /* set by the owner */
    const char *group_id;     /* set by the owner */
    struct mr_damaged *all;
};

/* Returns true if the error reports a damaged batch. */
bool mr_damage_is(rd_kafka_resp_err_t error);
/* Pauses the partition whose batch is damaged. Logs the damage once per minute and partition.
 * Returns false, and does nothing, if the error reports something else. */
bool mr_damage_error(struct mr_damage *damage, const rd_kafka_message_t *message);
/* Notes that a message came: its partition can be read. */
void mr_damage_took(struct mr_damage *damage, const rd_kafka_message_t *message);
/* Forgets partitions that leave. */
void mr_damage_revoked(struct mr_damage *damage, const rd_kafka_topic_partition_list_t *list);
/* Reads partitions again whose pause is over. Returns how many partitions are damaged. Call it
 * about once a second. */
size_t mr_damage_look(struct mr_damage *damage);
void mr_damage_free(struct mr_damage *damage);

#endif
