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

/* A route of the retry topic itself may come or go: then messages count for another topic. */
static void give_rows(struct mr_slot *slot, struct mr_partition *partition)
{
    partition->topic_row = mr_slot_topic(slot, partition->topic);
    partition->count_row =
        partition->returns ? mr_slot_topic(slot, partition->first_topic) : partition->topic_row;
}

static void attach(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    const struct mr_route *route = partition->route;
    mr_schedule_attach(&dispatch->schedule, &partition->flow, route == NULL ? "" : route->name,
                       route == NULL ? SIZE_MAX : route->concurrency);
}

/* Returns how the partition's messages are delivered from now on. */
static enum mr_partition_delivery delivery_of(const struct mr_partition *partition)
{
    enum mr_partition_delivery before = partition->delivery;
    if (before == MR_DELIVERY_EXACTLY_ONCE)
        return before;
    if (partition->route == NULL)
        return before == MR_DELIVERY_UNDECIDED ? before : MR_DELIVERY_AT_LEAST_ONCE;
    if (partition->route->policy.delivery == MR_AT_MOST_ONCE)
        return MR_DELIVERY_AT_MOST_ONCE;
    return before == MR_DELIVERY_UNDECIDED && partition->route->policy.delivery == MR_EXACTLY_ONCE
               ? MR_DELIVERY_EXACTLY_ONCE
               : MR_DELIVERY_AT_LEAST_ONCE;
}

static void decide(struct mr_partition *partition)
{
    enum mr_partition_delivery next = delivery_of(partition);
    if (next != partition->delivery)
        mr_delivery_become(&partition->delivery, next);
}

void mr_partition_route_find(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    bool returned = partition->returns;
    partition->routes_number = dispatch->routes_number;
    find_route(dispatch->routes, partition);
    if (partition->topic_row == UINT64_MAX || partition->returns != returned)
        give_rows(dispatch->slot, partition);
    decide(partition);
    if (partition->route != NULL) {
        partition->most = partition->route->policy.window;
        partition->group_row = mr_slot_group(dispatch->slot, partition->route->group_id);
    }
    attach(dispatch, partition);
}
