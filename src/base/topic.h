/* Topic names that Kafka accepts (org.apache.kafka.common.internals.Topic): 1 to 249 characters of
 * [a-zA-Z0-9._-], but not "." or "..". */
#ifndef MR_BASE_TOPIC_H
#define MR_BASE_TOPIC_H

#include <stdbool.h>

#include "base/bytes.h"

bool mr_topic_legal(struct mr_bytes name);
/* Returns true for topics that brokers reserve for themselves. */
bool mr_topic_internal(struct mr_bytes name);
/* Returns true for topics that no pattern matches: names that begin with "__". Brokers and systems
 * on top of Kafka keep their own state in such topics. */
bool mr_topic_by_name_only(const char *name);

#endif
