#include "worker/consumer/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/consumer/group.h"
#include "worker/consumer/troubles.h"
#include "worker/routing/subscription.h"

struct mr_groups {
    struct mr_group_world world;
    struct mr_slot *slot;
    struct mr_group *all;
    size_t count;
    bool awaited; /* a group could not be made, or waits until another one of its id has ended */
};

struct mr_groups *mr_groups_new(const struct mr_config *config, uint64_t number, uv_loop_t *loop,
                                int wake_fd, struct mr_timers *timers, struct mr_slot *slot,
                                const struct mr_groups_events *events, void *data)
{
    struct mr_groups *groups = mr_alloc(sizeof(*groups));
    groups->world = (struct mr_group_world){
        .config = config,
        .loop = loop,
        .wake_fd = wake_fd,
        .timers = timers,
        .drain_timeout = (uint64_t)mr_config_integer(config, "drain_timeout"),
        .events = events,
        .data = data};
    groups->slot = slot;
    mr_instance_name(&groups->world.instance, config, number, &slot->membership);
    return groups;
}

/* Returns the group of that id that has not been abandoned, or NULL. */
static struct mr_group *find(const struct mr_groups *groups, const char *id)
{
    struct mr_group *group = groups->all;
    while (group != NULL && (group->given_up || strcmp(group->id, id) != 0))
        group = group->next;
    return group;
}

static void count_active(struct mr_groups *groups, uint64_t more)
{
    mr_cell_add(&groups->slot->gauges[MR_ACTIVE_CONSUMERS], more);
}

static void make(struct mr_groups *groups, const char *id, size_t count, struct mr_errors *errors)
{
    struct mr_group *group = mr_group_new(&groups->world, id, count, errors);
    if (group == NULL) {
        groups->awaited = true;
        return;
    }
    group->next = groups->all;
    groups->all = group;
    groups->count++;
    count_active(groups, 1);
}

/* Makes the group if there is none of its id. If there is one that has not begun to leave, takes
 * that back. If it leaves, the new group must wait: the two would take each other for the same
 * static member. */
static void want(struct mr_groups *groups, const char *id, size_t count, struct mr_errors *errors)
{
    struct mr_group *group = find(groups, id);
    if (group == NULL)
        make(groups, id, count, errors);
    else if (group->state < MR_GROUP_LEAVING)
        group->retired = false;
    else
        groups->awaited = true;
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
    for (struct mr_group *group = groups->all; group != NULL; group = group->next)
        group->retired = group->retired || !is_used(routes, group->id);
}

static void subscribe(struct mr_group *group, struct mr_routes *routes,
                      const struct mr_cluster_topics *topics, struct mr_errors *errors)
{
    struct mr_subscription wanted = mr_subscription_of(routes, group->id, topics);
    if (wanted.known)
        mr_group_subscribe(group, (const char *const *)wanted.names, wanted.count, errors);
    mr_subscription_free(&wanted);
}

int mr_groups_use(struct mr_groups *groups, struct mr_routes *routes,
                  const struct mr_cluster_topics *topics, struct mr_errors *errors)
{
    size_t before = errors->count, count = count_groups(routes);
    groups->awaited = false;
    for (size_t i = 0; i < mr_routes_count(routes); i++)
        want(groups, mr_routes_at(routes, i)->group_id, count, errors);
    leave_unused(groups, routes);
    for (struct mr_group *group = groups->all; group != NULL; group = group->next)
        if (!group->retired && group->state < MR_GROUP_LEAVING)
            subscribe(group, routes, topics, errors);
    return errors->count == before ? 0 : -1;
}

void mr_groups_limit_drains(struct mr_groups *groups, uint64_t ms)
{
    if (groups->world.drain_timeout == ms)
        return;
    groups->world.drain_timeout = ms;
    for (struct mr_group *group = groups->all; group != NULL; group = group->next)
        mr_revocation_limit(&group->drain, ms);
}

static void free_group(struct mr_groups *groups, struct mr_group *group)
{
    struct mr_group **link = &groups->all;
    while (*link != group)
        link = &(*link)->next;
    *link = group->next;
    groups->count--;
    if (!group->given_up)
        count_active(groups, (uint64_t)-1);
    mr_group_free(group);
}

static size_t take(struct mr_groups *groups, struct mr_group *group, size_t most)
{
    const struct mr_group_world *world = &groups->world;
    size_t taken = 0;
    struct mr_message message;
    while (taken < most && world->events->has_room(world->data, group->consumer) &&
           mr_consumer_poll(group->consumer, &message)) {
        taken++;
        world->events->message(world->data, group->consumer, &message);
    }
    return taken;
}

/* Makes the first group the last, and returns it. */
static struct mr_group *rotate(struct mr_groups *groups)
{
    struct mr_group *first = groups->all, **last = &groups->all;
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
    for (struct mr_group *group = groups->all; group != NULL; group = group->next)
        mr_consumer_serve(group->consumer);
}

/* Abandons a group whose client has fenced itself, and returns true if it did. A client fences
 * itself only if it has lost a session, so session.timeout.ms bounds how often that happens. */
static bool give_up(struct mr_groups *groups, struct mr_group *group)
{
    if (group->state == MR_GROUP_GONE || mr_consumer_fence(group->consumer) != MR_FENCE_OWN)
        return false;
    mr_log(MR_LOG_WARN, "session_fenced", MR_S("group", group->id),
           MR_S("instance", groups->world.instance.name),
           MR_S("message", "the coordinator was away for longer than session.timeout.ms, and got a "
                           "commit of the old session; another client of this name joins"));
    mr_group_give_up(group);
    count_active(groups, (uint64_t)-1);
    return true;
}

void mr_groups_further(struct mr_groups *groups)
{
    bool gone = false, given_up = false;
    for (struct mr_group *group = groups->all, *next; group != NULL; group = next) {
        next = group->next;
        given_up = give_up(groups, group) || given_up;
        mr_group_further(group);
        if (!mr_group_is_over(group))
            continue;
        free_group(groups, group);
        gone = true;
    }
    if (given_up || (gone && groups->awaited))
        groups->world.events->room(groups->world.data);
}

void mr_groups_hold(struct mr_groups *groups, bool held)
{
    if (groups->world.held == held)
        return;
    groups->world.held = held;
    for (struct mr_group *group = groups->all; group != NULL; group = group->next) {
        if (held)
            mr_consumer_pause_all(group->consumer, MR_PAUSE_HELD);
        else
            mr_consumer_resume_all(group->consumer, MR_PAUSE_HELD);
    }
}

bool mr_groups_failed(const struct mr_groups *groups, char *why, size_t size)
{
    for (const struct mr_group *group = groups->all; group != NULL; group = group->next)
        if (mr_consumer_failed(group->consumer, why, size) &&
            mr_consumer_fence(group->consumer) != MR_FENCE_OWN)
            return true;
    return false;
}

bool mr_groups_fenced(struct mr_groups *groups)
{
    bool fenced = false;
    for (const struct mr_group *group = groups->all; group != NULL; group = group->next)
        fenced = fenced || mr_consumer_fence(group->consumer) == MR_FENCE_OTHER;
    if (fenced)
        mr_instance_fenced(&groups->world.instance, &groups->slot->membership);
    return fenced;
}

bool mr_groups_joined(const struct mr_groups *groups)
{
    for (const struct mr_group *group = groups->all; group != NULL; group = group->next)
        if (!group->retired && !mr_group_has_joined(group))
            return false;
    return groups->all != NULL && !groups->awaited;
}

enum mr_outage mr_groups_trouble(struct mr_groups *groups, char *why, size_t size)
{
    char one[MR_NOTE_SIZE];
    struct mr_troubles all = {.text = why, .size = size};
    for (struct mr_group *group = groups->all; group != NULL; group = group->next) {
        if (group->retired)
            continue;
        enum mr_outage kind =
            mr_consumer_trouble(group->consumer, mr_group_has_joined(group), one, sizeof(one));
        mr_troubles_add(&all, kind, one);
    }
    return mr_troubles_end(&all);
}

size_t mr_groups_damaged(struct mr_groups *groups)
{
    size_t count = 0;
    for (struct mr_group *group = groups->all; group != NULL; group = group->next)
        count += mr_consumer_damaged(group->consumer);
    return count;
}

void mr_groups_commit(struct mr_groups *groups)
{
    for (struct mr_group *group = groups->all; group != NULL; group = group->next)
        mr_consumer_commit(group->consumer);
}

bool mr_groups_committed(const struct mr_groups *groups)
{
    for (const struct mr_group *group = groups->all; group != NULL; group = group->next)
        if (!mr_consumer_committed(group->consumer))
            return false;
    return true;
}

void mr_groups_close(struct mr_groups *groups, bool returns)
{
    bool stays = mr_instance_stays(&groups->world.instance, returns);
    groups->awaited = false;
    for (struct mr_group *group = groups->all; group != NULL; group = group->next)
        mr_group_stop(group, stays);
}

/* A static member that stays and was not steady does not leave at all. */
bool mr_groups_closed(const struct mr_groups *groups)
{
    for (const struct mr_group *group = groups->all; group != NULL; group = group->next)
        if (mr_group_is_awaited(group))
            return false;
    return true;
}

void mr_groups_stop(struct mr_groups *groups)
{
    for (struct mr_group *group = groups->all; group != NULL; group = group->next)
        mr_start_offsets_stop(&group->asking);
}

void mr_groups_free(struct mr_groups *groups)
{
    while (groups->all != NULL)
        free_group(groups, groups->all);
    free(groups);
}
