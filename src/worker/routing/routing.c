#include "worker/routing/routing.h"

#include <string.h>

#include "base/buf.h"
#include "base/topic.h"
#include "worker/routing/derived_topics.h"

typedef char origins[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM];

struct mr_route *mr_routing_find(struct mr_routes *routes, const char *topic)
{
    struct mr_route *route = mr_routes_match(routes, topic);
    if (route == NULL || strcmp(route->name, topic) == 0)
        return route;
    return mr_topic_by_name_only(topic) || mr_derived_topics(routes, topic) ? NULL : route;
}

struct mr_route *mr_routing_retried(struct mr_routes *routes, const char *topic,
                                    char from[MR_TOPIC_ROOM])
{
    origins candidates;
    size_t count = mr_topic_retry_of(topic, candidates);
    for (size_t i = 0; i < count; i++) {
        struct mr_route *route = mr_routing_find(routes, candidates[i]);
        if (route == NULL || !route->policy.retry.by_topic)
            continue;
        memcpy(from, candidates[i], MR_TOPIC_ROOM);
        return route;
    }
    return NULL;
}

bool mr_routing_left(struct mr_routes *before, struct mr_routes *now, const char *topic,
                     char from[MR_TOPIC_ROOM])
{
    char still[MR_TOPIC_ROOM];
    return mr_routing_retried(before, topic, from) != NULL && mr_routing_find(now, topic) == NULL &&
           mr_routing_retried(now, topic, still) == NULL;
}

/* Returns true if dead letters go round for ever: from topic to topic until a message is in the
 * first one again. */
static bool comes_back(struct mr_routes *routes, const struct mr_route *route, const char *first)
{
    char topic[MR_TOPIC_ROOM], next[MR_TOPIC_ROOM], retry[MR_TOPIC_ROOM];
    if (!mr_topic_dead_letter(route->policy.dlq.topic, first, topic))
        return false;
    if (route->policy.retry.by_topic && mr_topic_retry(first, retry) && strcmp(retry, topic) == 0)
        return true;
    for (size_t i = 0; i < mr_routes_count(routes) && strcmp(topic, first) != 0; i++) {
        const struct mr_route *serving = mr_routing_find(routes, topic);
        if (serving == NULL || !mr_topic_dead_letter(serving->policy.dlq.topic, topic, next))
            return false;
        memcpy(topic, next, sizeof(topic));
    }
    return strcmp(topic, first) == 0;
}

struct checking {
    struct mr_routes *routes;
    const struct mr_config *config;
    struct mr_errors *errors;
};

/* Adds the error "config/moonroute.lua: routes["x"].dlq.topic: WHAT", without the file if nothing
 * sets the key. */
static void refuse(const struct checking *checking, const struct mr_route *route, const char *key,
                   const char *what)
{
    struct mr_buf path = {0};
    mr_buf_printf(&path, "routes[\"%s\"].%s", route->name, key);
    const char *origin = mr_config_origin(checking->config, mr_buf_text(&path));
    mr_errors_add(checking->errors, "%s%s%s: \"%s\" %s", origin, *origin ? ": " : "",
                  mr_buf_text(&path), mr_config_route_string(checking->config, route->name, key),
                  what);
    mr_buf_free(&path);
}

static void check_exact(const struct checking *checking, const struct mr_route *route)
{
    char name[MR_TOPIC_ROOM];
    if (!mr_topic_dead_letter(route->policy.dlq.topic, route->name, name))
        refuse(checking, route, "dlq.topic",
               "does not make a topic name from this topic's name (at most 249 characters)");
    if (route->policy.retry.by_topic && !mr_topic_retry(route->name, name))
        refuse(checking, route, "retry.mode",
               "cannot be used: the name of the retry topic would be longer than 249 characters");
    if (comes_back(checking->routes, route, route->name))
        refuse(checking, route, "dlq.topic",
               "brings the topic's dead letters back to the topic for ever: name another "
               "dead-letter topic");
}

/* The topics that a pattern matches cannot be listed. But if a template keeps the name of some
 * topic, it keeps the name of one of these. */
static void check_pattern(const struct checking *checking, const struct mr_route *route)
{
    static const char *const probes[] = {"x", "x-commands"};
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        char dead[MR_TOPIC_ROOM], retry[MR_TOPIC_ROOM];
        mr_topic_dead_letter(route->policy.dlq.topic, probes[i], dead);
        mr_topic_retry(probes[i], retry);
        if (strcmp(dead, probes[i]) != 0 &&
            (!route->policy.retry.by_topic || strcmp(dead, retry) != 0))
            continue;
        refuse(checking, route, "dlq.topic",
               "can bring dead letters back to their own topic for ever: name another dead-letter "
               "topic");
        return;
    }
}

static void check_all(struct mr_routes *routes, const struct mr_config *config,
                      struct mr_errors *errors)
{
    const struct checking checking = {routes, config, errors};
    for (size_t i = 0; i < mr_routes_count(routes); i++) {
        const struct mr_route *route = mr_routes_at(routes, i);
        if (mr_route_is_pattern(route))
            check_pattern(&checking, route);
        else
            check_exact(&checking, route);
    }
}

struct mr_routes *mr_routing_new(const struct mr_snapshot *snapshot,
                                 struct mr_generation *generation, struct mr_errors *errors)
{
    size_t before = errors->count;
    struct mr_routes *routes = mr_routes_new(snapshot, generation, errors);
    if (routes == NULL)
        return NULL;
    check_all(routes, snapshot->config, errors);
    if (errors->count == before)
        return routes;
    mr_routes_retire(routes);
    return NULL;
}

void mr_routing_check(const struct mr_snapshot *snapshot, struct mr_errors *errors)
{
    struct mr_routes *routes = mr_routing_new(snapshot, NULL, errors);
    if (routes != NULL)
        mr_routes_retire(routes);
}

/* Returns the first route of the group, up to `end`, whose delivery is exactly-once, or is not. */
static const struct mr_route *first_of(struct mr_routes *routes, const char *group_id, size_t end,
                                       bool exactly_once)
{
    for (size_t i = 0; i < end; i++) {
        const struct mr_route *route = mr_routes_at(routes, i);
        if (strcmp(route->group_id, group_id) == 0 &&
            (route->policy.delivery == MR_EXACTLY_ONCE) == exactly_once)
            return route;
    }
    return NULL;
}

void mr_routing_warn(const struct mr_snapshot *snapshot, struct mr_errors *warnings)
{
    struct mr_routes *routes = mr_routing_new(snapshot, NULL, warnings);
    for (size_t i = 0; routes != NULL && i < mr_routes_count(routes); i++) {
        const struct mr_route *route = mr_routes_at(routes, i);
        const char *group = route->group_id;
        const struct mr_route *other = first_of(routes, group, mr_routes_count(routes), false);
        if (route->policy.delivery != MR_EXACTLY_ONCE || other == NULL ||
            first_of(routes, group, i, true) != NULL)
            continue;
        mr_errors_add(
            warnings,
            "warning: routes[\"%s\"] is exactly-once and routes[\"%s\"] of the same group "
            "\"%s\" is not. Give the exactly-once routes a group of their own, such as "
            "group_id = \"%s-exactly-once\"",
            route->name, other->name, group, group);
    }
    if (routes != NULL)
        mr_routes_retire(routes);
}
