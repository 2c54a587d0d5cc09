/* Topic names as Kafka takes them (org.apache.kafka.common.internals.Topic): 1 to 249 of
 * [a-zA-Z0-9._-], not "." or "..". */
#ifndef MR_BASE_TOPIC_H
#define MR_BASE_TOPIC_H

#include <stdbool.h>

#include "base/bytes.h"

bool mr_topic_legal(struct mr_bytes name);
/* Returns true for the topics that brokers keep for themselves. */
bool mr_topic_internal(struct mr_bytes name);

#endif
