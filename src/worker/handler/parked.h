/* Jobs whose partition has no route: they are parked until a reload brings one. */
#ifndef MR_WORKER_HANDLER_PARKED_H
#define MR_WORKER_HANDLER_PARKED_H

#include "worker/dispatch/context.h"

/* Routes have changed, or work comes to an end: jobs of partitions with a route, and of those that
 * the worker does not keep, go on. */
void mr_parked_look(struct mr_dispatch *dispatch);

#endif
