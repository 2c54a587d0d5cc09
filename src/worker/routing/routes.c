#include "worker/routing/routes.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/topic.h"

struct compiled {
    struct mr_route route;
    bool is_pattern;
    regex_t pattern;
};

struct mr_routes {
    struct compiled *routes;
    size_t count;
    char **response_topics;
    size_t response_topic_count;
    struct mr_generation *generation; /* NULL: routes are only checked */
    size_t at_work;                   /* jobs */
    bool retired;
};

struct building {
    struct mr_routes *routes;
    const struct mr_snapshot *snapshot;
    struct mr_errors *errors;
};

static char *file_of(const struct mr_config *config, const char *name)
{
    const char *script = mr_config_route_string(config, name, "script");
    if (script[0] != '\0')
        return mr_strdup(script);
    char *file = mr_alloc(strlen(name) + sizeof(".lua"));
    sprintf(file, "%s.lua", name);
    return file;
}

static bool exists(const struct mr_routes *routes, const char *name)
{
    for (size_t i = 0; i < routes->count; i++)
        if (strcmp(routes->routes[i].route.name, name) == 0)
            return true;
    return false;
}

static void fill(struct mr_route *route, const struct mr_config *config)
{
    route->group_id = mr_strdup(mr_config_route_string(config, route->name, "group_id"));
    route->codec = strcmp(mr_config_route_string(config, route->name, "codec"), "raw") == 0
                       ? MR_CODEC_RAW
                       : MR_CODEC_JSON;
    route->dialect = mr_dialect_of(mr_config_route_string(config, route->name, "dialect"));
    route->ordering = mr_ordering_of(mr_config_route_string(config, route->name, "ordering"));
    route->concurrency = (size_t)mr_config_route_integer(config, route->name, "concurrency");
    route->policy = mr_policy_of(config, route->name);
}

static bool has_file(const struct mr_snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->file_count; i++)
        if (strcmp(snapshot->files[i].name, name) == 0)
            return true;
    return false;
}

static void add_route(void *context, const char *name, const char *value)
{
    struct building *building = context;
    struct mr_routes *routes = building->routes;
    (void)value;
    if (exists(routes, name))
        return;
    char *file = file_of(building->snapshot->config, name);
    struct mr_script *script =
        routes->generation != NULL ? mr_generation_script(routes->generation, file) : NULL;
    if (!has_file(building->snapshot, file))
        mr_errors_add(
            building->errors,
            "routes[\"%s\"]: no script %s: create it, or name another by script = \"FILE\"", name,
            file);
    free(file);
    routes->routes = mr_realloc(routes->routes, (routes->count + 1) * sizeof(routes->routes[0]));
    struct compiled *compiled = &routes->routes[routes->count++];
    *compiled = (struct compiled){.is_pattern = name[0] == '^'};
    compiled->route.name = mr_strdup(name);
    compiled->route.script = script;
    fill(&compiled->route, building->snapshot->config);
    if (compiled->is_pattern && regcomp(&compiled->pattern, name, REG_EXTENDED | REG_NOSUB) != 0) {
        compiled->is_pattern = false;
        mr_errors_add(building->errors, "routes[\"%s\"]: not a regular expression", name);
    }
}

struct use {
    const struct mr_config *config;
    const char *file;
    bool named;
};

static void note_use(void *context, const char *name, const char *value)
{
    struct use *use = context;
    (void)value;
    if (strcmp(mr_config_route_string(use->config, name, "script"), use->file) == 0)
        use->named = true;
}

/* Adds a route per handler file, for the topic of the file's name, unless a route names the file as
 * its script. */
static void add_files(struct building *building)
{
    const struct mr_snapshot *snapshot = building->snapshot;
    for (size_t i = 0; i < snapshot->file_count; i++) {
        const char *file = snapshot->files[i].name;
        size_t length = strlen(file);
        struct use use = {snapshot->config, file, false};
        mr_config_map(snapshot->config, "routes", note_use, &use);
        if (strchr(file, '/') != NULL || use.named || length <= 4)
            continue;
        char *topic = mr_strndup(file, length - 4);
        add_route(building, topic, "");
        free(topic);
    }
}

static void add_response_topic(void *context, const char *name, const char *topic)
{
    struct mr_routes *routes = context;
    size_t size = (routes->response_topic_count + 1) * sizeof(routes->response_topics[0]);
    (void)name;
    routes->response_topics = mr_realloc(routes->response_topics, size);
    routes->response_topics[routes->response_topic_count++] = mr_strdup(topic);
}

static void free_routes(struct mr_routes *routes)
{
    for (size_t i = 0; i < routes->response_topic_count; i++)
        free(routes->response_topics[i]);
    free(routes->response_topics);
    for (size_t i = 0; i < routes->count; i++) {
        struct compiled *compiled = &routes->routes[i];
        if (compiled->is_pattern)
            regfree(&compiled->pattern);
        free(compiled->route.name);
        free(compiled->route.group_id);
        mr_policy_free(&compiled->route.policy);
    }
    if (routes->generation != NULL)
        mr_generation_retire(routes->generation);
    free(routes->routes);
    free(routes);
}

struct mr_routes *mr_routes_new(const struct mr_snapshot *snapshot,
                                struct mr_generation *generation, struct mr_errors *errors)
{
    struct mr_routes *routes = mr_alloc(sizeof(*routes));
    struct building building = {routes, snapshot, errors};
    size_t before = errors->count;
    routes->generation = generation;
    mr_config_map(snapshot->config, "routes", add_route, &building);
    add_files(&building);
    mr_config_list(snapshot->config, "rpc.response_topics", add_response_topic, routes);
    for (size_t i = 0; i < routes->count; i++)
        routes->routes[i].route.owner = routes;
    if (errors->count == before)
        return routes;
    free_routes(routes);
    return NULL;
}

static void free_when_idle(struct mr_routes *routes)
{
    if (routes->retired && routes->at_work == 0)
        free_routes(routes);
}

void mr_routes_retire(struct mr_routes *routes)
{
    routes->retired = true;
    free_when_idle(routes);
}

void mr_route_hold(struct mr_route *route)
{
    route->running++;
    route->owner->at_work++;
}

void mr_route_release(struct mr_route *route)
{
    MR_ASSERT(route->running > 0);
    route->running--;
    route->owner->at_work--;
    free_when_idle(route->owner);
}

struct mr_route *mr_routes_match(struct mr_routes *routes, const char *topic)
{
    struct mr_route *matching = NULL;
    for (size_t i = 0; i < routes->count; i++) {
        struct compiled *compiled = &routes->routes[i];
        if (strcmp(compiled->route.name, topic) == 0)
            return &compiled->route;
        if (matching == NULL && compiled->is_pattern &&
            regexec(&compiled->pattern, topic, 0, NULL, 0) == 0)
            matching = &compiled->route;
    }
    return matching;
}

bool mr_route_is_pattern(const struct mr_route *route)
{
    return route->name[0] == '^';
}

bool mr_routes_patterns(const struct mr_routes *routes)
{
    for (size_t i = 0; i < routes->count; i++)
        if (routes->routes[i].is_pattern)
            return true;
    return false;
}

bool mr_routes_listens(const struct mr_routes *routes, const char *topic)
{
    for (size_t i = 0; i < routes->response_topic_count; i++)
        if (strcmp(routes->response_topics[i], topic) == 0)
            return true;
    return false;
}

size_t mr_routes_count(const struct mr_routes *routes)
{
    return routes->count;
}

struct mr_route *mr_routes_at(struct mr_routes *routes, size_t index)
{
    MR_ASSERT(index < routes->count);
    return &routes->routes[index].route;
}
