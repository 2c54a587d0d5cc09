/* Which partitions of a consumer are paused, and why. A partition has a set of reasons; it is
 * fetched again when the set is empty, whichever reason was removed last. No other file pauses or
 * resumes. Included only in this folder; consumer.h has the reasons. */
#ifndef MR_KAFKA_CONSUMER_PAUSES_H
#define MR_KAFKA_CONSUMER_PAUSES_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "base/idmap.h"
#include "kafka/consumer/consumer.h"
#include "kafka/consumer/prefetch.h"

/* Empty if only `handle` and `prefetch` are set. mr_pauses_free() makes it {0}. */
struct mr_pauses {
    rd_kafka_t *handle;
    struct mr_prefetch *prefetch;
    unsigned everywhere; /* reasons for all partitions */
    struct mr_idmap by_name;
    struct mr_rest *all; /* every partition that was ever assigned */
};

/* Adds newly assigned partitions, without reasons of their own. librdkafka keeps a partition paused
 * while it is away. So a partition that was paused when it left is resumed, unless all are paused.
 * Other partitions are not touched. */
void mr_pauses_assigned(struct mr_pauses *pauses, const rd_kafka_topic_partition_list_t *list);
/* Removes the reasons of partitions that are about to leave. Does not call librdkafka for them. */
void mr_pauses_revoked(struct mr_pauses *pauses, const rd_kafka_topic_partition_list_t *list);
/* Adds or removes a reason. Does nothing if the consumer does not have the partition. */
void mr_pauses_add(struct mr_pauses *pauses, const char *topic, int32_t partition,
                   enum mr_pause reason);
void mr_pauses_drop(struct mr_pauses *pauses, const char *topic, int32_t partition,
                    enum mr_pause reason);
/* Adds or removes a reason for all partitions, including later ones. */
void mr_pauses_add_all(struct mr_pauses *pauses, enum mr_pause reason);
void mr_pauses_drop_all(struct mr_pauses *pauses, enum mr_pause reason);
void mr_pauses_free(struct mr_pauses *pauses);

#endif
