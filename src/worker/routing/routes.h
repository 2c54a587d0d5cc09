/* The routes of one generation: the script and the settings that serve a topic. Made from the
 * configuration and the scripts together, and replaced as a whole by a reload. A job that started
 * on a route keeps it until the job is handled. */
#ifndef MR_WORKER_ROUTING_ROUTES_H
#define MR_WORKER_ROUTING_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/errors.h"
#include "config/snapshot.h"
#include "lua/vm.h"
#include "worker/job/order.h"
#include "worker/routing/policy.h"
#include "worker/wire/dialect.h"

struct mr_routes;

struct mr_route {
    struct mr_routes *owner;
    char *name;     /* a topic, or a pattern beginning with ^ */
    char *group_id; /* the consumer group that reads it */
    struct mr_script *script;
    enum mr_codec codec;
    enum mr_dialect dialect; /* AUTO: the message's headers decide */
    enum mr_ordering ordering;
    size_t concurrency; /* at most so many handlers at work */
    struct mr_policy policy;
    size_t running; /* jobs on it; those from before a reload count on the old route */
};

/* Makes the routes. Every handler file serves the topic of its own name, unless a route names the
 * file as its `script`. Routes add settings, other files and patterns. Returns NULL with errors.
 * `generation` is retired with the routes. */
struct mr_routes *mr_routes_new(const struct mr_snapshot *snapshot,
                                struct mr_generation *generation, struct mr_errors *errors);
/* Call it when the routes are no longer the current ones. Frees them, with the generation, when no
 * job is at work on them. */
void mr_routes_retire(struct mr_routes *routes);
void mr_route_hold(struct mr_route *route); /* a job starts on it */
void mr_route_release(struct mr_route *route);

/* Returns the route of the topic's exact name, else the first pattern, by name, that matches it.
 * Returns NULL if none does. This is not yet the route that serves the topic: see
 * worker/routing/routing.h. */
struct mr_route *mr_routes_match(struct mr_routes *routes, const char *topic);
bool mr_route_is_pattern(const struct mr_route *route);
bool mr_routes_patterns(const struct mr_routes *routes); /* true if one is a pattern */
/* Returns true if the topic is in rpc.response_topics. */
bool mr_routes_listens(const struct mr_routes *routes, const char *topic);
size_t mr_routes_count(const struct mr_routes *routes);
struct mr_route *mr_routes_at(struct mr_routes *routes, size_t index);

#endif
