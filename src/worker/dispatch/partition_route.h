/* Finds the route of a partition, once per partition and generation of routes. */
#ifndef MR_WORKER_DISPATCH_PARTITION_ROUTE_H
#define MR_WORKER_DISPATCH_PARTITION_ROUTE_H

#include "worker/dispatch/context.h"

/* Returns the current route of the partition's topic, NULL if there is none. Gives the partition
 * the settings of its route. */
struct mr_route *mr_partition_route(struct mr_dispatch *dispatch, struct mr_partition *partition);

#endif
