#include "worker/routing/topic_creation.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/idmap.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/routing/routing.h"
#include "worker/routing/topic_names.h"

enum { QUESTION_TIMEOUT_MS = 2000, AGAIN_MS = 1000, AGAIN_MOST_MS = 10000 };

/* A topic that was found missing. */
struct missing {
    char name[MR_TOPIC_ROOM], source[MR_TOPIC_ROOM];
    int32_t partitions;
    uint64_t look;        /* the last look that found it missing */
    bool said;            /* it is in the log */
    int result;           /* of mr_creation_create() */
    char why[256];        /* why creating it failed */
    struct missing *next; /* the next in `batch` */
};

struct mr_topic_creation {
    uv_loop_t *loop;
    struct mr_slot *slot;
    const struct mr_producer *via;
    bool speaks;
    struct mr_idmap missing; /* by name */
    size_t missing_now, waiting_now;
    uint64_t look, again;
    uv_work_t work;
    struct missing *batch; /* being created; meanwhile the pool's thread writes the results */
    bool creating;
    _Atomic bool stopping; /* read by the pool's thread too */
};

struct looking {
    struct mr_topic_creation *provision;
    const struct mr_cluster_topics *topics;
};

struct mr_topic_creation *mr_topic_creation_new(uv_loop_t *loop, struct mr_slot *slot,
                                                const struct mr_producer *via, bool speaks)
{
    struct mr_topic_creation *provision = mr_alloc(sizeof(*provision));
    provision->loop = loop;
    provision->slot = slot;
    provision->via = via;
    provision->speaks = speaks;
    provision->work.data = provision;
    return provision;
}

/* Notes a topic that is missing. If several topics share it, it gets as many partitions as the one
 * that has most. */
static void need(const struct looking *looking, const char *name, const char *source,
                 int32_t partitions)
{
    struct mr_topic_creation *provision = looking->provision;
    struct missing *missing = mr_idmap_get(&provision->missing, mr_bytes_of(name));
    if (mr_cluster_partitions(looking->topics, name) > 0) {
        if (missing != NULL)
            missing->said = false; /* log it again if it disappears */
        return;
    }
    if (missing == NULL) {
        missing = mr_alloc(sizeof(*missing));
        snprintf(missing->name, sizeof(missing->name), "%s", name);
        mr_idmap_put(&provision->missing, mr_bytes_of(missing->name), missing);
    } else if (missing->look == provision->look && missing->partitions >= partitions) {
        return;
    }
    snprintf(missing->source, sizeof(missing->source), "%s", source);
    missing->partitions = partitions;
    if (missing->look == provision->look)
        return;
    missing->look = provision->look;
    missing->next = provision->batch;
    provision->batch = missing;
    provision->missing_now++;
}

static void need_beside(const struct looking *looking, const struct mr_route *route,
                        const char *topic)
{
    char name[MR_TOPIC_ROOM];
    int32_t partitions = mr_cluster_partitions(looking->topics, topic);
    if (partitions == 0) {
        looking->provision->waiting_now++;
        return;
    }
    if (mr_topic_dead_letter(route->policy.dlq.topic, topic, name))
        need(looking, name, topic, partitions);
    if (route->policy.retry.by_topic && mr_topic_retry(topic, name))
        need(looking, name, topic, partitions);
}

static void look(const struct looking *looking, struct mr_routes *routes)
{
    for (size_t i = 0; i < mr_routes_count(routes); i++) {
        const struct mr_route *route = mr_routes_at(routes, i);
        if (!mr_route_is_pattern(route))
            need_beside(looking, route, route->name);
    }
    for (size_t i = 0; mr_routes_patterns(routes) && i < looking->topics->count; i++) {
        const char *topic = looking->topics->rows[i].name;
        const struct mr_route *route = mr_routing_find(routes, topic);
        if (route != NULL && mr_route_is_pattern(route))
            need_beside(looking, route, topic);
    }
}

static void say(const struct mr_topic_creation *provision, struct missing *missing,
                const char *event)
{
    if (missing->said || !provision->speaks)
        return;
    missing->said = true;
    mr_log(MR_LOG_WARN, event, MR_S("topic", missing->name), MR_S("for", missing->source),
           MR_I("partitions", missing->partitions), MR_S("message", missing->why));
}

static void show(const struct mr_topic_creation *provision)
{
    if (provision->speaks)
        mr_cell_set(&provision->slot->gauges[MR_TOPICS_MISSING], provision->missing_now);
}

/* Runs on a thread of the pool: writes nothing but the batch. */
static void do_create(uv_work_t *work)
{
    struct mr_topic_creation *provision = work->data;
    for (struct missing *m = provision->batch; m != NULL; m = m->next) {
        m->result = -1;
        snprintf(m->why, sizeof(m->why), "the worker is stopping");
        if (!atomic_load(&provision->stopping))
            m->result = mr_creation_create(provision->via, m->name, m->partitions, m->source,
                                           QUESTION_TIMEOUT_MS, m->why, sizeof(m->why));
    }
}

static void after_create(uv_work_t *work, int status)
{
    struct mr_topic_creation *provision = work->data;
    (void)status;
    provision->creating = false;
    if (atomic_load(&provision->stopping))
        return;
    for (struct missing *m = provision->batch; m != NULL; m = m->next) {
        if (m->result < 0)
            say(provision, m, "topic_not_created");
        else
            provision->missing_now--;
        if (m->result > 0)
            mr_log(MR_LOG_INFO, "topic_created", MR_S("topic", m->name), MR_S("for", m->source),
                   MR_I("partitions", m->partitions));
    }
    show(provision);
}

static void refuse(struct mr_topic_creation *provision)
{
    for (struct missing *m = provision->batch; m != NULL; m = m->next) {
        snprintf(m->why, sizeof(m->why),
                 "the topic is needed, and create_topics is false: create the topic");
        say(provision, m, "topic_missing");
    }
    show(provision);
}

bool mr_topic_creation_look(struct mr_topic_creation *provision, struct mr_routes *routes,
                            const struct mr_cluster_topics *topics, bool create)
{
    struct looking looking = {provision, topics};
    if (provision->creating)
        return false;
    size_t before = provision->missing_now + provision->waiting_now;
    provision->batch = NULL;
    provision->missing_now = provision->waiting_now = 0;
    provision->look++;
    look(&looking, routes);
    bool same = provision->missing_now + provision->waiting_now == before;
    provision->again = !same || provision->again == 0 ? AGAIN_MS : provision->again * 2;
    if (provision->again > AGAIN_MOST_MS)
        provision->again = AGAIN_MOST_MS;
    if (provision->batch == NULL || !create) {
        refuse(provision);
        return true;
    }
    provision->creating = true;
    uv_queue_work(provision->loop, &provision->work, do_create, after_create);
    return true;
}

uint64_t mr_topic_creation_again(const struct mr_topic_creation *provision)
{
    return provision->missing_now + provision->waiting_now == 0 ? 0 : provision->again;
}

void mr_topic_creation_stop(struct mr_topic_creation *provision)
{
    atomic_store(&provision->stopping, true);
}

void mr_topic_creation_free(struct mr_topic_creation *provision)
{
    MR_ASSERT(!provision->creating);
    mr_idmap_drain(&provision->missing, free);
    free(provision);
}
