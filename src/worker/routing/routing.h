/* Finds the route that serves a topic, and the route whose retries wait in it. */
#ifndef MR_WORKER_ROUTING_ROUTING_H
#define MR_WORKER_ROUTING_ROUTING_H

#include <stdbool.h>

#include "base/errors.h"
#include "config/snapshot.h"
#include "worker/routing/routes.h"
#include "worker/routing/topic_names.h"

/* Makes the routes of routes.h. Adds an error for each impossible topic beside a route's own
 * (worker/routing/derived_topics.h). A topic is impossible if its name is too long, or if it would
 * bring the route's dead letters back to the route for ever. If there are errors, returns NULL, and
 * the generation is retired. */
struct mr_routes *mr_routing_new(const struct mr_snapshot *snapshot,
                                 struct mr_generation *generation, struct mr_errors *errors);
/* Adds the errors that mr_routing_new() would add, without loading a script. */
void mr_routing_check(const struct mr_snapshot *snapshot, struct mr_errors *errors);
/* Adds a warning for each group with exactly-once routes beside others. Kafka warns of groups whose
 * offsets are committed both in transactions and without. Call it if there are no errors. */
void mr_routing_warn(const struct mr_snapshot *snapshot, struct mr_errors *warnings);
/* Returns the route that serves a topic: that of its exact name, else the first pattern, by name,
 * that matches. A pattern serves no topic that is taken by name only (base/topic.h), and none
 * beside those that routes serve. Returns NULL if there is no such route. */
struct mr_route *mr_routing_find(struct mr_routes *routes, const char *topic);
/* Returns the route whose retries wait in `topic`, and writes the topic that they come from.
 * Returns NULL if there is none. */
struct mr_route *mr_routing_retried(struct mr_routes *routes, const char *topic,
                                    char from[MR_TOPIC_ROOM]);
/* Returns true if retries of a route of `before` wait in `topic`, and no route of `now` takes them.
 * Writes the topic that they come from. */
bool mr_routing_left(struct mr_routes *before, struct mr_routes *now, const char *topic,
                     char from[MR_TOPIC_ROOM]);

#endif
