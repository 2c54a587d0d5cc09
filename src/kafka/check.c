#include "kafka/check.h"

#include "kafka/conf.h"

/* A configuration of any role takes the properties of all roles. */
void mr_kafka_check(const struct mr_config *config, struct mr_errors *errors)
{
    rd_kafka_conf_destroy(mr_kafka_conf(config, MR_ROLE_CONSUMER, errors));
}
