/* The topics beside those that routes serve: where their dead letters go, where their retries wait,
 * where answers come. A pattern never takes one; such a topic needs a route of its exact name.
 * Decided by names alone, so that all workers agree, whatever topics there are by now. */
#ifndef MR_WORKER_ROUTING_DERIVED_TOPICS_H
#define MR_WORKER_ROUTING_DERIVED_TOPICS_H

#include <stdbool.h>

#include "worker/routing/routes.h"

/* True for a dead-letter, retry or response topic of a topic that a route serves, and for those in
 * rpc.response_topics. */
bool mr_beside(struct mr_routes *routes, const char *topic);

#endif
