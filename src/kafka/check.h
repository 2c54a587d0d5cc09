/* Checks the configuration against librdkafka before there is a client. */
#ifndef MR_KAFKA_CHECK_H
#define MR_KAFKA_CHECK_H

#include "base/errors.h"
#include "config/config.h"

/* Adds an error, in librdkafka's words, for each property that librdkafka does not know or accept.
 * Checks kafka.properties and the keys that become properties. Contradictions between properties
 * show only when a client is made. */
void mr_kafka_check(const struct mr_config *config, struct mr_errors *errors);

#endif
