#include "worker/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/asking.h"
#include "worker/drain.h"
#include "worker/subscription.h"

struct group {
    struct mr_groups *groups;
    char *id;
    struct mr_consumer *consumer;
    bool joined;
    bool idle;   /* there is no topic for it (yet) */
    bool unused; /* no route is in it: it is left once what is stored is committed */
    bool closing;
    struct mr_drain drain;
    struct mr_asking asking;
    struct group *next;
};

struct mr_groups {
    const struct mr_config *config;
    char instance_id[256]; /* of its members, where they are static */
    uv_loop_t *loop;
    int wake_fd;
    struct mr_timers *timers;
    struct mr_slot *slot;
    struct group *all;
    size_t count;
    bool held;
    const struct mr_groups_events *events;
    void *data;
};

static void on_assigned(void *data, size_t count)
{
    struct group *group = data;
    mr_log(MR_LOG_INFO, "partitions_assigned", MR_S("group", group->id), MR_I("count", count));
    group->joined = true;
    group->groups->events->joined(group->groups->data);
}

static void on_revoked(void *data, const char *topic, int32_t partition, bool lost)
{
    struct group *group = data;
    mr_log(lost ? MR_LOG_WARN : MR_LOG_DEBUG, lost ? "partition_lost" : "partition_revoked",
           MR_S("group", group->id), MR_S("topic", topic), MR_I("partition", partition));
    if (lost)
        group->joined = false;
    group->groups->events->revoked(group->groups->data, group->consumer, topic, partition, lost);
}

static void on_revocation(void *data, size_t count, bool lost)
{
    struct group *group = data;
    struct mr_groups *groups = group->groups;
    groups->events->revocation(groups->data);
    if (!lost)
        mr_drain_begin(&group->drain, groups->timers, group->id, group->consumer, count,
                       (uint64_t)mr_config_integer(groups->config, "drain_timeout"));
}

static void on_committed(void *data, const char *topic, int32_t partition, int64_t next)
{
    struct group *group = data;
    group->groups->events->committed(group->groups->data, group->consumer, topic, partition, next);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct group *group = data;
    group->groups->events->troubled(group->groups->data, unreachable, text);
}

static const struct mr_consumer_events consumer_events = {on_assigned, on_revoked, on_revocation,
                                                          on_committed, on_troubled};

static void name_instance(struct mr_groups *groups, uint64_t number)
{
    const char *name = mr_config_string(groups->config, "kafka.group_instance_id");
    if (name[0] != '\0')
        snprintf(groups->instance_id, sizeof(groups->instance_id), "%s-%llu", name,
                 (unsigned long long)number);
}

struct mr_groups *mr_groups_new(const struct mr_config *config, uint64_t number, uv_loop_t *loop,
                                int wake_fd, struct mr_timers *timers, struct mr_slot *slot,
                                const struct mr_groups_events *events, void *data)
{
    struct mr_groups *groups = mr_alloc(sizeof(*groups));
    *groups = (struct mr_groups){.config = config,
                                 .loop = loop,
                                 .wake_fd = wake_fd,
                                 .timers = timers,
                                 .slot = slot,
                                 .events = events,
                                 .data = data};
    name_instance(groups, number);
    return groups;
}

static struct group *find(const struct mr_groups *groups, const char *id)
{
    struct group *group = groups->all;
    while (group != NULL && (group->unused || strcmp(group->id, id) != 0))
        group = group->next;
    return group;
}

static struct group *make(struct mr_groups *groups, const char *id, size_t count,
                          struct mr_errors *errors)
{
    struct group *group = mr_alloc(sizeof(*group));
    group->groups = groups;
    group->consumer =
        mr_consumer_new(groups->config, id, groups->instance_id, count, groups->wake_fd,
                        groups->timers, &consumer_events, group, errors);
    if (group->consumer == NULL) {
        free(group);
        return NULL;
    }
    group->asking = (struct mr_asking){
        .loop = groups->loop, .wake_fd = groups->wake_fd, .consumer = group->consumer};
    if (groups->held)
        mr_consumer_pause_all(group->consumer, MR_PAUSE_HELD);
    group->id = mr_strdup(id);
    group->next = groups->all;
    groups->all = group;
    groups->count++;
    mr_cell_add(&groups->slot->gauges[MR_ACTIVE_CONSUMERS], 1);
    return group;
}

static bool is_among(struct mr_routes *routes, size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(mr_routes_at(routes, i)->group_id, id) == 0)
            return true;
    return false;
}

static bool is_used(struct mr_routes *routes, const char *id)
{
    return is_among(routes, mr_routes_count(routes), id);
}

static size_t count_groups(struct mr_routes *routes)
{
    size_t count = 0;
    for (size_t i = 0; i < mr_routes_count(routes); i++)
        count += !is_among(routes, i, mr_routes_at(routes, i)->group_id);
    return count;
}

static void leave_unused(struct mr_groups *groups, struct mr_routes *routes)
{
    for (struct group *group = groups->all; group != NULL; group = group->next) {
        if (group->unused || is_used(routes, group->id))
            continue;
        group->unused = true;
        mr_consumer_commit(group->consumer);
    }
}

static void subscribe(struct group *group, struct mr_routes *routes,
                      const struct mr_cluster_topics *topics, struct mr_errors *errors)
{
    struct mr_subscription wanted = mr_subscription_of(routes, group->id, topics);
    if (wanted.known)
        mr_consumer_subscribe(group->consumer, (const char *const *)wanted.names, wanted.count,
                              errors);
    group->idle = wanted.known && wanted.count == 0;
    mr_subscription_free(&wanted);
}

int mr_groups_use(struct mr_groups *groups, struct mr_routes *routes,
                  const struct mr_cluster_topics *topics, struct mr_errors *errors)
{
    size_t before = errors->count, count = count_groups(routes);
    for (size_t i = 0; i < mr_routes_count(routes); i++) {
        const char *id = mr_routes_at(routes, i)->group_id;
        if (find(groups, id) == NULL)
            make(groups, id, count, errors);
    }
    leave_unused(groups, routes);
    for (struct group *group = groups->all; group != NULL; group = group->next)
        if (!group->unused)
            subscribe(group, routes, topics, errors);
    return errors->count == before ? 0 : -1;
}

static void free_group(struct mr_groups *groups, struct group *group)
{
    struct group **link = &groups->all;
    while (*link != group)
        link = &(*link)->next;
    *link = group->next;
    groups->count--;
    mr_drain_stop(&group->drain);
    mr_consumer_free(group->consumer);
    mr_cell_add(&groups->slot->gauges[MR_ACTIVE_CONSUMERS], (uint64_t)-1);
    free(group->id);
    free(group);
}

static void close_group(struct group *group)
{
    group->closing = true;
    mr_consumer_close(group->consumer);
}

static size_t take(struct mr_groups *groups, struct group *group, size_t most)
{
    size_t taken = 0;
    struct mr_message message;
    while (taken < most && groups->events->has_room(groups->data, group->consumer) &&
           mr_consumer_poll(group->consumer, &message)) {
        taken++;
        groups->events->message(groups->data, group->consumer, &message);
    }
    return taken;
}

/* The first one becomes the last. */
static struct group *rotate(struct mr_groups *groups)
{
    struct group *first = groups->all, **last = &groups->all;
    groups->all = first->next;
    while (*last != NULL)
        last = &(*last)->next;
    *last = first;
    first->next = NULL;
    return first;
}

size_t mr_groups_take(struct mr_groups *groups, size_t most, uint64_t ends, bool *more)
{
    size_t all = 0, left = groups->count;
    *more = false;
    for (; left > 0; left--) {
        size_t taken = take(groups, rotate(groups), most);
        all += taken;
        *more = *more || taken == most;
        if (left > 1 && mr_clock_ns() >= ends) {
            *more = true;
            return all;
        }
    }
    return all;
}

void mr_groups_serve(struct mr_groups *groups)
{
    for (struct group *group = groups->all, *next; group != NULL; group = next) {
        next = group->next;
        mr_consumer_serve(group->consumer);
        mr_asking_further(&group->asking);
        if (group->unused && !group->closing && mr_consumer_committed(group->consumer))
            close_group(group);
        if (group->closing && group->asking.question == NULL &&
            mr_consumer_closed(group->consumer) &&
            groups->events->closed(groups->data, group->consumer))
            free_group(groups, group);
    }
}

void mr_groups_drain(struct mr_groups *groups)
{
    for (struct group *group = groups->all; group != NULL; group = group->next)
        if (group->drain.phase != MR_DRAIN_NONE)
            mr_drain_further(&group->drain, groups->events->let_go, groups->data);
}

void mr_groups_hold(struct mr_groups *groups, bool held)
{
    if (groups->held == held)
        return;
    groups->held = held;
    for (struct group *group = groups->all; group != NULL; group = group->next) {
        if (held)
            mr_consumer_pause_all(group->consumer, MR_PAUSE_HELD);
        else
            mr_consumer_resume_all(group->consumer, MR_PAUSE_HELD);
    }
}

bool mr_groups_failed(const struct mr_groups *groups, char *why, size_t size)
{
    for (const struct group *group = groups->all; group != NULL; group = group->next)
        if (mr_consumer_failed(group->consumer, why, size))
            return true;
    return false;
}

bool mr_groups_joined(const struct mr_groups *groups)
{
    for (const struct group *group = groups->all; group != NULL; group = group->next)
        if (!group->joined && !group->idle && !group->unused)
            return false;
    return groups->all != NULL;
}

enum mr_outage mr_groups_trouble(struct mr_groups *groups, char *why, size_t size)
{
    enum mr_outage trouble = MR_OUTAGE_NONE;
    for (struct group *group = groups->all; group != NULL; group = group->next)
        if (trouble == MR_OUTAGE_NONE && !group->unused)
            trouble = mr_consumer_trouble(group->consumer, group->joined, why, size);
    return trouble;
}

void mr_groups_commit(struct mr_groups *groups)
{
    for (struct group *group = groups->all; group != NULL; group = group->next)
        mr_consumer_commit(group->consumer);
}

bool mr_groups_committed(const struct mr_groups *groups)
{
    for (const struct group *group = groups->all; group != NULL; group = group->next)
        if (!mr_consumer_committed(group->consumer))
            return false;
    return true;
}

void mr_groups_close(struct mr_groups *groups)
{
    for (struct group *group = groups->all; group != NULL; group = group->next)
        if (!group->closing)
            close_group(group);
}

bool mr_groups_closed(const struct mr_groups *groups)
{
    return groups->all == NULL;
}

void mr_groups_stop(struct mr_groups *groups)
{
    for (struct group *group = groups->all; group != NULL; group = group->next)
        mr_asking_stop(&group->asking);
}

void mr_groups_free(struct mr_groups *groups)
{
    while (groups->all != NULL)
        free_group(groups, groups->all);
    free(groups);
}
