#include "worker/routing/derived_topics.h"

#include <string.h>

#include "worker/routing/topic_names.h"

typedef char origins[MR_TOPIC_ORIGINS][MR_TOPIC_ROOM];

/* Returns true if one of the topics is, or could be, served by the route. If `route` is NULL, any
 * route counts. */
static bool serves_one(struct mr_routes *routes, const struct mr_route *route, origins from,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mr_route *serving = mr_routes_match(routes, from[i]);
        if (serving != NULL && (route == NULL || serving == route))
            return true;
    }
    return false;
}

static bool has_dead_letters_of(struct mr_routes *routes, const struct mr_route *route,
                                const char *topic)
{
    origins from;
    const char *template = route->policy.dlq.topic;
    if (mr_topic_template_is_constant(template))
        return strcmp(template, topic) == 0;
    return serves_one(routes, route, from, mr_topic_dead_letter_of(template, topic, from));
}

bool mr_derived_topics(struct mr_routes *routes, const char *topic)
{
    origins from;
    for (size_t i = 0; i < mr_routes_count(routes); i++) {
        const struct mr_route *route = mr_routes_at(routes, i);
        if (has_dead_letters_of(routes, route, topic))
            return true;
    }
    return mr_routes_listens(routes, topic) ||
           serves_one(routes, NULL, from, mr_topic_retry_of(topic, from)) ||
           serves_one(routes, NULL, from, mr_topic_response_of(topic, from));
}
