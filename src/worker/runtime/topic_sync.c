/* Follows the topics of the cluster: pattern routes serve those that match, and missing ones are
 * created. */
#include "base/log.h"
#include "worker/routing/routing.h"
#include "worker/runtime/internal.h"

/* A topic that begins to match a pattern is served within PATTERN_REFRESH_MS. */
enum { PATTERN_REFRESH_MS = 10000, CREATING_MS = 1000 };

static void ask_again(struct mr_worker *worker)
{
    uint64_t again = mr_topic_creation_again(worker->provision);
    if (again > 0 || worker->unprovided)
        mr_topic_metadata_ask(worker->catalogue, again > 0 ? again : CREATING_MS);
    if (mr_routes_patterns(worker->dispatch.routes))
        mr_topic_metadata_ask(worker->catalogue, PATTERN_REFRESH_MS);
}

void mr_worker_subscribe(struct mr_worker *worker)
{
    struct mr_errors errors = {0};
    const struct mr_cluster_topics *topics = mr_topic_metadata_topics(worker->catalogue);
    if (mr_groups_use(worker->groups, worker->dispatch.routes, topics, &errors) != 0)
        mr_log(MR_LOG_ERROR, "subscribe_failed", MR_S("message", mr_errors_text(&errors)));
    mr_errors_free(&errors);
}

static void provide(struct mr_worker *worker)
{
    const struct mr_cluster_topics *topics = mr_topic_metadata_topics(worker->catalogue);
    bool create = mr_config_boolean(worker->kafka->config, "create_topics");
    worker->unprovided =
        !mr_topic_creation_look(worker->provision, worker->dispatch.routes, topics, create);
}

void mr_worker_expect_topics(struct mr_worker *worker)
{
    struct mr_routes *routes = worker->dispatch.routes;
    const struct mr_cluster_topics *topics = mr_topic_metadata_topics(worker->catalogue);
    for (size_t i = 0; routes != NULL && topics != NULL && i < mr_routes_count(routes); i++) {
        const struct mr_route *route = mr_routes_at(routes, i);
        if (!mr_route_is_pattern(route) && mr_cluster_partitions(topics, route->name) == 0)
            mr_outbox_expect(worker->outbox, route->name);
    }
}

void mr_worker_heard(void *data, bool changed)
{
    struct mr_worker *worker = data;
    if (worker->phase != MR_PHASE_WORKING || worker->dispatch.routes == NULL)
        return;
    mr_worker_expect_topics(worker);
    if (changed) {
        mr_worker_subscribe(worker);
        mr_worker_show_state(worker);
    }
    if (changed || worker->unprovided || mr_topic_creation_again(worker->provision) > 0)
        provide(worker);
    ask_again(worker);
}

void mr_worker_doubt_topics(void *data)
{
    struct mr_worker *worker = data;
    if (worker->phase != MR_PHASE_WORKING || worker->dispatch.routes == NULL)
        return;
    worker->unprovided = true;
    mr_topic_metadata_ask(worker->catalogue, CREATING_MS);
}

void mr_worker_leave_topics(struct mr_worker *worker, struct mr_routes *next)
{
    char from[MR_TOPIC_ROOM];
    const struct mr_cluster_topics *topics = mr_topic_metadata_topics(worker->catalogue);
    if (worker->number != 0 || worker->dispatch.routes == NULL || topics == NULL)
        return;
    for (size_t i = 0; i < topics->count; i++) {
        const char *name = topics->rows[i].name;
        if (mr_routing_left(worker->dispatch.routes, next, name, from))
            mr_log(MR_LOG_WARN, "retry_topic_left", MR_S("topic", name), MR_S("for", from),
                   MR_S("message",
                        "messages that wait in this topic stay in it: only retry.mode = \"topic\" "
                        "of their route, or a script of the topic's name, handles them"));
    }
}

void mr_worker_use_topics(struct mr_worker *worker)
{
    mr_worker_subscribe(worker);
    worker->unprovided = true;
    mr_topic_metadata_ask(worker->catalogue, 0);
}
