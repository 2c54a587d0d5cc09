/* Which partitions of one consumer rest, and why. A partition has a set of reasons; fetching goes
 * on when none is left, whoever took the last one back. This is the only place that pauses or
 * resumes. Included only in this folder; consumer.h has the reasons. */
#ifndef MR_KAFKA_CONSUMER_PAUSES_H
#define MR_KAFKA_CONSUMER_PAUSES_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "base/idmap.h"
#include "kafka/consumer/consumer.h"
#include "kafka/consumer/prefetch.h"

/* {0} with the handle and what is fetched ahead by it set is empty; mr_pauses_free() returns it to
 * {0}. */
struct mr_pauses {
    rd_kafka_t *handle;
    struct mr_prefetch *prefetch;
    unsigned everywhere; /* reasons that hold for every partition */
    struct mr_idmap by_name;
    struct mr_rest *all; /* every partition that was ever assigned */
};

/* These are the consumer's now, with no reason of their own. librdkafka keeps a partition paused
 * while it is away: one that was paused when it left is resumed, unless everything rests; one that
 * was not is left alone. */
void mr_pauses_assigned(struct mr_pauses *pauses, const rd_kafka_topic_partition_list_t *list);
/* These are about to leave: their reasons are void, and no call to librdkafka is made for them. */
void mr_pauses_revoked(struct mr_pauses *pauses, const rd_kafka_topic_partition_list_t *list);
/* Adds a reason, or takes it back. A partition that is not the consumer's is passed over. */
void mr_pauses_add(struct mr_pauses *pauses, const char *topic, int32_t partition,
                   enum mr_pause reason);
void mr_pauses_drop(struct mr_pauses *pauses, const char *topic, int32_t partition,
                    enum mr_pause reason);
/* The same for all partitions, those to come included. */
void mr_pauses_add_all(struct mr_pauses *pauses, enum mr_pause reason);
void mr_pauses_drop_all(struct mr_pauses *pauses, enum mr_pause reason);
void mr_pauses_free(struct mr_pauses *pauses);

#endif
