#include "kafka/version.h"

#include <librdkafka/rdkafka.h>

const char *mr_kafka_version(void)
{
    return rd_kafka_version_str();
}

uint64_t mr_kafka_version_number(void)
{
    return (uint64_t)rd_kafka_version();
}
