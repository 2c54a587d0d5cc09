/* The state that the files of the consumer share; no other file uses it. The client is made,
 * configured and freed in consumer_open.c. All else is in consumer.c. */
#ifndef MR_KAFKA_CONSUMER_CONSUMER_STATE_H
#define MR_KAFKA_CONSUMER_CONSUMER_STATE_H

#include "kafka/consumer/commits.h"
#include "kafka/consumer/consumer.h"
#include "kafka/consumer/coverage.h"
#include "kafka/consumer/damage.h"
#include "kafka/consumer/fence.h"
#include "kafka/consumer/pauses.h"
#include "kafka/consumer/prefetch.h"
#include "kafka/consumer/pulse.h"
#include "kafka/consumer/rebalance.h"
#include "kafka/consumer/subscriber.h"

struct mr_consumer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue, *answers;
    struct mr_subscriber subscriber;
    const struct mr_consumer_events *events;
    void *data;
    struct mr_commits commits;
    struct mr_rebalance rebalance;
    struct mr_pauses pauses;
    struct mr_prefetch prefetch;
    struct mr_pulse pulse;
    struct mr_damage damage;
    struct mr_beats *beats; /* lives as long as the handle, which may outlive the consumer */
    struct mr_coverage coverage;
    bool failed, given_up;
    enum mr_fence fence;
};

#endif
