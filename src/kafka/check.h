/* What librdkafka would refuse of a configuration, told before there is a client. */
#ifndef MR_KAFKA_CHECK_H
#define MR_KAFKA_CHECK_H

#include "base/errors.h"
#include "config/config.h"

/* Adds an error for each kafka.properties entry, and each key that becomes a property, that
 * librdkafka does not know or take, in its own words. What contradicts another property is told
 * only when a client is made. */
void mr_kafka_check(const struct mr_config *config, struct mr_errors *errors);

#endif
