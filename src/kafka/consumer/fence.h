/* Finds why a coordinator has fenced a static member. When the member's session ends, librdkafka
 * forgets the member id. It may still send commits that waited for the coordinator, for up to
 * session.timeout.ms more. These have no member id, so a coordinator takes them for another
 * member's (rd_kafka_cgrp_defer_offset_commit, 2.0.2). Included only in this folder; consumer.h has
 * the reasons. */
#ifndef MR_KAFKA_CONSUMER_FENCE_H
#define MR_KAFKA_CONSUMER_FENCE_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "kafka/consumer/consumer.h"

/* Returns the fence; MR_FENCE_NONE if the member was not fenced, or failed for another reason.
 * `lost` is when it last lost partitions, in ms; 0: never. */
enum mr_fence mr_fence_of(rd_kafka_t *handle, uint64_t lost);

#endif
