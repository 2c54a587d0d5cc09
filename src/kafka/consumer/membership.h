/* A consumer's membership of its group. A transaction shows it to the group's coordinator, which
 * refuses offsets from a client that is no longer a member. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_MEMBERSHIP_H
#define MR_KAFKA_CONSUMER_MEMBERSHIP_H

#include <librdkafka/rdkafka.h>

struct mr_consumer;
struct mr_membership;

/* Returns the membership as of the latest rebalance; NULL if there is none. */
struct mr_membership *mr_consumer_membership(const struct mr_consumer *consumer);
/* Returns the present membership; NULL if the client is in no group. Call it in the consumer's
 * rebalance callback, so that the membership is never newer than the partitions that the worker
 * knows. */
struct mr_membership *mr_membership_of(rd_kafka_t *consumer, const char *group_id);
struct mr_membership *mr_membership_hold(struct mr_membership *membership); /* accepts NULL */
void mr_membership_release(struct mr_membership *membership);               /* accepts NULL */
const char *mr_membership_group(const struct mr_membership *membership);
const rd_kafka_consumer_group_metadata_t *
mr_membership_metadata(const struct mr_membership *membership);

#endif
