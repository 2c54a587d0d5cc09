#include "kafka/check.h"

#include "kafka/conf.h"

/* librdkafka takes the properties of all roles in any. */
void mr_kafka_check(const struct mr_config *config, struct mr_errors *errors)
{
    rd_kafka_conf_destroy(mr_kafka_conf(config, MR_ROLE_CONSUMER, errors));
}
