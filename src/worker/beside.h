/* The topics beside those that routes serve: where their dead letters go, where their retries wait,
 * where answers come. A pattern never takes one; such a topic needs a route of its exact name.
 * Decided by names alone, so that all workers agree, whatever topics there are by now. */
#ifndef MR_WORKER_BESIDE_H
#define MR_WORKER_BESIDE_H

#include <stdbool.h>

#include "base/config.h"
#include "base/errors.h"
#include "worker/routes.h"
#include "worker/topic_names.h"

/* True for a dead-letter, retry or response topic of a topic that a route serves, and for those in
 * rpc.response_topics. */
bool mr_beside(struct mr_routes *routes, const char *topic);
/* The route whose retries wait in that topic, with the topic they come from; NULL where there is
 * none. */
struct mr_route *mr_beside_retried(struct mr_routes *routes, const char *topic,
                                   char from[MR_TOPIC_ROOM]);
/* True where retries of a route of `before` wait in that topic, with the topic they come from, and
 * no route of `now` takes them. */
bool mr_beside_left(struct mr_routes *before, struct mr_routes *now, const char *topic,
                    char from[MR_TOPIC_ROOM]);
/* Adds an error for each route whose topics beside it cannot be: a name too long, or one that would
 * bring the route's dead letters back to it for ever. */
void mr_beside_check(struct mr_routes *routes, const struct mr_config *config,
                     struct mr_errors *errors);

#endif
