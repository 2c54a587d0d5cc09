#include "worker/dispatch/partition_route.h"

#include "base/panic.h"
#include "worker/routing/routing.h"

static void find_route(struct mr_routes *routes, struct mr_partition *partition)
{
    char first[MR_TOPIC_ROOM];
    partition->route = mr_routing_find(routes, partition->topic);
    partition->returns = false;
    if (partition->route != NULL)
        return;
    partition->route = mr_routing_retried(routes, partition->topic, first);
    if (partition->route != NULL && partition->first_topic == NULL)
        partition->first_topic = mr_strdup(first);
    partition->returns = partition->first_topic != NULL;
}

static void attach(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    const struct mr_route *route = partition->route;
    mr_schedule_attach(&dispatch->schedule, &partition->flow, route == NULL ? "" : route->name,
                       route == NULL ? SIZE_MAX : route->concurrency);
}

static void decide(struct mr_partition *partition)
{
    if (partition->decided || partition->route == NULL)
        return;
    partition->decided = true;
    partition->transactional = partition->route->policy.delivery == MR_EXACTLY_ONCE;
}

void mr_partition_route_find(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    partition->routes_number = dispatch->routes_number;
    find_route(dispatch->routes, partition);
    decide(partition);
    partition->at_most_once = !partition->transactional && partition->route != NULL &&
                              partition->route->policy.delivery == MR_AT_MOST_ONCE;
    if (partition->route != NULL) {
        partition->most = partition->route->policy.window;
        partition->group_row = mr_slot_group(dispatch->slot, partition->route->group_id);
    }
    attach(dispatch, partition);
}
