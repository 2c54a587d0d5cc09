/* Lists the topics that a consumer group subscribes to: those that its routes name, and the
 * existing topics that its patterns take. Retry topics of both follow once they exist. Kafka's own
 * patterns would take the topics beside those, too (worker/routing/derived_topics.h). */
#ifndef MR_WORKER_ROUTING_SUBSCRIPTION_H
#define MR_WORKER_ROUTING_SUBSCRIPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "kafka/cluster.h"
#include "worker/routing/routes.h"

struct mr_subscription {
    char **names;
    size_t count;
    bool known; /* false: the list needs the existing topics, which are not known yet */
};

/* Returns the list, which the caller frees. `topics` is NULL if it is not known yet. */
struct mr_subscription mr_subscription_of(struct mr_routes *routes, const char *group_id,
                                          const struct mr_cluster_topics *topics);
void mr_subscription_free(struct mr_subscription *subscription);

#endif
