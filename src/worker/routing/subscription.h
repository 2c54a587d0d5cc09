/* What a consumer group subscribes to: the topics that its routes name, and those that its patterns
 * take of the topics there are; of both the retry topics, once they are there. Kafka's own patterns
 * would take the topics beside those (see worker/routing/derived_topics.h), too. */
#ifndef MR_WORKER_ROUTING_SUBSCRIPTION_H
#define MR_WORKER_ROUTING_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "kafka/cluster.h"
#include "worker/routing/routes.h"

struct mr_subscription {
    char **names;
    size_t count;
    bool known; /* else it has patterns or retry topics, and what topics there are is not yet */
};

/* `topics` NULL: not known yet. The caller frees it. */
struct mr_subscription mr_subscription_of(struct mr_routes *routes, const char *group_id,
                                          const struct mr_cluster_topics *topics);
void mr_subscription_free(struct mr_subscription *subscription);

#endif
