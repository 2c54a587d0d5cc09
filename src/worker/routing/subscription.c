#include "worker/routing/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "worker/routing/routing.h"
#include "worker/routing/topic_names.h"

static void add(struct mr_subscription *subscription, const char *name)
{
    size_t size = (subscription->count + 1) * sizeof(subscription->names[0]);
    subscription->names = mr_realloc(subscription->names, size);
    subscription->names[subscription->count++] = mr_strdup(name);
}

static bool in_group(const struct mr_route *route, const char *group_id)
{
    return strcmp(route->group_id, group_id) == 0;
}

/* Adds the topic and its retry topic, if it has one that no route serves by itself. The retry topic
 * is left out until it exists. librdkafka would look for a missing topic every ten seconds only. A
 * broker that creates topics on demand would give it a number of partitions of its own. */
static void add_served(struct mr_subscription *subscription, struct mr_routes *routes,
                       const struct mr_cluster_topics *topics, const struct mr_route *route,
                       const char *topic)
{
    char retry[MR_TOPIC_ROOM];
    add(subscription, topic);
    if (route->policy.retry.by_topic && mr_topic_retry(topic, retry) &&
        mr_routing_find(routes, retry) == NULL && mr_cluster_partitions(topics, retry) > 0)
        add(subscription, retry);
}

static void add_matching(struct mr_subscription *subscription, struct mr_routes *routes,
                         const char *group_id, const struct mr_cluster_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        const struct mr_route *route = mr_routing_find(routes, topics->rows[i].name);
        if (route != NULL && mr_route_is_pattern(route) && in_group(route, group_id))
            add_served(subscription, routes, topics, route, topics->rows[i].name);
    }
}

struct mr_subscription mr_subscription_of(struct mr_routes *routes, const char *group_id,
                                          const struct mr_cluster_topics *topics)
{
    static const struct mr_cluster_topics none;
    struct mr_subscription subscription = {0};
    bool depends = false;
    for (size_t i = 0; i < mr_routes_count(routes); i++) {
        const struct mr_route *route = mr_routes_at(routes, i);
        if (!in_group(route, group_id))
            continue;
        depends = depends || mr_route_is_pattern(route) || route->policy.retry.by_topic;
        if (!mr_route_is_pattern(route))
            add_served(&subscription, routes, topics != NULL ? topics : &none, route, route->name);
    }
    if (topics != NULL)
        add_matching(&subscription, routes, group_id, topics);
    subscription.known = !depends || topics != NULL;
    return subscription;
}

void mr_subscription_free(struct mr_subscription *subscription)
{
    for (size_t i = 0; i < subscription->count; i++)
        free(subscription->names[i]);
    free(subscription->names);
    *subscription = (struct mr_subscription){0};
}
