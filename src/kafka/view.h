/* Between librdkafka's types and ours. Included only in this folder. */
#ifndef MR_KAFKA_VIEW_H
#define MR_KAFKA_VIEW_H

#include <librdkafka/rdkafka.h>

#include "kafka/message.h"
#include "kafka/producer.h"

/* Takes `from` over. */
void mr_message_view(struct mr_message *message, rd_kafka_message_t *from);
rd_kafka_t *mr_producer_handle(const struct mr_producer *producer);

#endif
