/* Records that the broker refused together with their batch. Included only in src/kafka. */
#ifndef MR_KAFKA_REFUSAL_H
#define MR_KAFKA_REFUSAL_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/record.h"

/* Returns true if the error is the broker's verdict on the content of a batch. Such an error says
 * nothing about a single record: another record, or the size of the batch, may be the cause. Errors
 * of topics, permissions, leaders and producers do not count, since a record alone would get them
 * too. */
bool mr_kafka_refuses_batch(rd_kafka_resp_err_t error);

/* Returns true if the error is of the producer, its connection or the partition's leader. Such an
 * error says nothing about the record, which may even be stored. */
bool mr_kafka_is_no_verdict(rd_kafka_resp_err_t error);

/* Returns true if the error, in librdkafka's words, excludes a topic from a transaction. A
 * coordinator's error about the producer (its id is denied, or fenced) does not count, though
 * librdkafka shows it for each topic. */
bool mr_kafka_forbids_topic(const char *error);

/* Returns a reported message as the record that it was, with its partition. The timestamp is
 * missing, since librdkafka does not report it for a failed record. Borrows from the message;
 * free() the headers. */
struct mr_outgoing mr_kafka_record_of(const rd_kafka_message_t *message, struct mr_pair **headers);

#endif
