/* Between librdkafka's messages and ours. Included only in this folder. */
#ifndef MR_KAFKA_VIEW_H
#define MR_KAFKA_VIEW_H

#include <librdkafka/rdkafka.h>

#include "kafka/message.h"

/* Takes `from` over. */
void mr_message_view(struct mr_message *message, rd_kafka_message_t *from);

#endif
