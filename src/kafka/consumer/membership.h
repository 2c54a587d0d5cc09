/* A consumer's membership of its group, as a transaction shows it to the group's coordinator, which
 * refuses the offsets of who is no member any more. Included only in this folder. */
#ifndef MR_KAFKA_CONSUMER_MEMBERSHIP_H
#define MR_KAFKA_CONSUMER_MEMBERSHIP_H

#include <librdkafka/rdkafka.h>

struct mr_consumer;
struct mr_membership;

/* As of the latest rebalance; NULL: of no group. */
struct mr_membership *mr_consumer_membership(const struct mr_consumer *consumer);
/* As of now; from within the consumer's rebalance callback, so that it is never newer than what the
 * worker knows of its partitions. NULL where it is in no group. */
struct mr_membership *mr_membership_of(rd_kafka_t *consumer, const char *group_id);
struct mr_membership *mr_membership_hold(struct mr_membership *membership); /* fine for NULL */
void mr_membership_release(struct mr_membership *membership);               /* fine for NULL */
const char *mr_membership_group(const struct mr_membership *membership);
const rd_kafka_consumer_group_metadata_t *
mr_membership_metadata(const struct mr_membership *membership);

#endif
