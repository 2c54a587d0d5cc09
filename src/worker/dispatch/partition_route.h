/* Finds the route of a partition, once per partition and generation of routes. */
#ifndef MR_WORKER_DISPATCH_PARTITION_ROUTE_H
#define MR_WORKER_DISPATCH_PARTITION_ROUTE_H

#include "worker/dispatch/context.h"

/* Looks for the current route of the partition's topic, and gives the partition its settings. */
void mr_partition_route_find(struct mr_dispatch *dispatch, struct mr_partition *partition);

/* Returns the current route of the partition's topic, NULL if there is none. */
static inline struct mr_route *mr_partition_route(struct mr_dispatch *dispatch,
                                                  struct mr_partition *partition)
{
    if (partition->routes_number != dispatch->routes_number)
        mr_partition_route_find(dispatch, partition);
    return partition->route;
}

#endif
