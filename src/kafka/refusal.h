/* Records that the broker refused together with their batch. Included only in src/kafka. */
#ifndef MR_KAFKA_REFUSAL_H
#define MR_KAFKA_REFUSAL_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "base/record.h"

/* True when the error is the broker's verdict on what a batch holds. Such an error says nothing
 * about one record of the batch: another one may be the cause, or the size of all together. Errors
 * of topics, permissions, leaders and producers are none: they are the same for a record alone. */
bool mr_kafka_refuses_batch(rd_kafka_resp_err_t error);

/* True for an error, as librdkafka writes it, that a topic is kept out of a transaction for. A
 * coordinator's error about the producer (its id is denied, or fenced) is none, though it stands
 * beside each topic. */
bool mr_kafka_forbids_topic(const char *error);

/* Shows a reported message as the record that it was, addressed to the partition that it had,
 * with no timestamp: librdkafka does not tell that of a failed one. Borrows from the message;
 * free() the headers. */
struct mr_outgoing mr_kafka_record_of(const rd_kafka_message_t *message, struct mr_pair **headers);

#endif
