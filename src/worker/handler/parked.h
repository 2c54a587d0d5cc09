/* Jobs of a partition that has no route are parked until a reload brings a route. */
#ifndef MR_WORKER_HANDLER_PARKED_H
#define MR_WORKER_HANDLER_PARKED_H

#include "worker/dispatch/context.h"

/* Lets parked jobs go on if their partition has a route or leaves, or if the worker stops. Call it
 * when one of these has changed. */
void mr_parked_look(struct mr_dispatch *dispatch);

#endif
