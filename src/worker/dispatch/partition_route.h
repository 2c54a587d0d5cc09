/* The route of a partition, looked up once per partition and generation of routes. */
#ifndef MR_WORKER_DISPATCH_PARTITION_ROUTE_H
#define MR_WORKER_DISPATCH_PARTITION_ROUTE_H

#include "worker/dispatch/context.h"

/* Returns the route of the partition's topic among the current ones, NULL if none has it. The
 * partition has the route's settings from then on. */
struct mr_route *mr_partition_route(struct mr_dispatch *dispatch, struct mr_partition *partition);

#endif
