/* Recognises the topics beside those that routes serve: dead-letter, retry and response topics. A
 * pattern never takes such a topic; it needs a route of its exact name. Names alone decide, so that
 * all workers agree, whatever topics exist by now. */
#ifndef MR_WORKER_ROUTING_DERIVED_TOPICS_H
#define MR_WORKER_ROUTING_DERIVED_TOPICS_H

#include <stdbool.h>

#include "worker/routing/routes.h"

/* Returns true for a dead-letter, retry or response topic of a topic that a route serves, and for
 * the topics in rpc.response_topics. A route that retries in place has a retry topic, too: messages
 * may wait in it from before a reload. */
bool mr_derived_topics(struct mr_routes *routes, const char *topic);

#endif
