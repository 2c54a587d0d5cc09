/* Why a coordinator has fenced a static member. librdkafka forgets its member id when its session
 * ends, and sends commits that waited for the coordinator for up to session.timeout.ms more without
 * one, which a coordinator takes for another member's (rd_kafka_cgrp_defer_offset_commit, 2.0.2).
 * Included only in this folder; consumer.h has the reasons. */
#ifndef MR_KAFKA_CONSUMER_FENCE_H
#define MR_KAFKA_CONSUMER_FENCE_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "kafka/consumer/consumer.h"

/* `lost`: ms, when it lost partitions last, 0: never. A member that was not fenced, or failed for
 * something else, is MR_FENCE_NONE. */
enum mr_fence mr_fence_of(rd_kafka_t *handle, uint64_t lost);

#endif
