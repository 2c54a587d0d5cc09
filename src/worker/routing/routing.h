/* Which route serves a topic, and which one's retries wait in it. */
#ifndef MR_WORKER_ROUTING_ROUTING_H
#define MR_WORKER_ROUTING_ROUTING_H

#include <stdbool.h>

#include "base/errors.h"
#include "config/snapshot.h"
#include "worker/routing/routes.h"
#include "worker/routing/topic_names.h"

/* The routes of routes.h. Adds an error for each route whose topics beside it
 * (worker/routing/derived_topics.h) cannot be: their name is too long, or would bring the route's
 * dead letters back to it for ever. Returns NULL when there are errors; then the generation is
 * retired. */
struct mr_routes *mr_routing_new(const struct mr_snapshot *snapshot,
                                 struct mr_generation *generation, struct mr_errors *errors);
/* Adds the errors that mr_routing_new() would, without loading a script. */
void mr_routing_check(const struct mr_snapshot *snapshot, struct mr_errors *errors);
/* Returns the route that serves a topic: that of its exact name, else the first pattern, by name,
 * that matches. No pattern serves a topic that is taken by name only (base/topic.h), or one beside
 * those that routes serve. NULL if there is no such route. */
struct mr_route *mr_routing_find(struct mr_routes *routes, const char *topic);
/* Returns the route whose retries wait in that topic, with the topic that they come from; NULL if
 * there is none. */
struct mr_route *mr_routing_retried(struct mr_routes *routes, const char *topic,
                                    char from[MR_TOPIC_ROOM]);
/* Returns true when retries of a route of `before` wait in that topic, with the topic that they
 * come from, and no route of `now` takes them. */
bool mr_routing_left(struct mr_routes *before, struct mr_routes *now, const char *topic,
                     char from[MR_TOPIC_ROOM]);

#endif
