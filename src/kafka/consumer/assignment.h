/* Reads a group's assignment, as its coordinator reports it. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_ASSIGNMENT_H
#define MR_KAFKA_CONSUMER_ASSIGNMENT_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

/* Returns how many partitions of the topic the group's members have. An assignment that cannot be
 * read counts as none. */
int32_t mr_assignment_count(const struct rd_kafka_group_info *group, const char *topic);

#endif
