/* Converts between librdkafka's types and ours. Included only in src/kafka. */
#ifndef MR_KAFKA_VIEW_H
#define MR_KAFKA_VIEW_H

#include <librdkafka/rdkafka.h>

#include "kafka/message.h"
#include "kafka/producer.h"
#include "kafka/unanswered.h"

/* Takes over `from`. */
void mr_message_view(struct mr_message *message, rd_kafka_message_t *from);
/* Borrows up to `most` headers from the message. Returns how many it has. */
size_t mr_kafka_headers(const rd_kafka_message_t *message, struct mr_pair *headers, size_t most);
rd_kafka_t *mr_producer_handle(const struct mr_producer *producer);
/* Returns a consumer's configuration for the same cluster, without a group; NULL if the producer is
 * not transactional. */
const rd_kafka_conf_t *mr_producer_reader_conf(const struct mr_producer *producer);
/* Returns NULL if the producer is not transactional. */
struct mr_unanswered *mr_producer_unanswered(const struct mr_producer *producer);
/* Returns what happened to a record, by librdkafka's error. */
enum mr_sent mr_kafka_sent(rd_kafka_resp_err_t error, bool transactional);

#endif
