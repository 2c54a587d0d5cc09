#include "worker/consumer/group.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/consumer/groups.h"

enum {
    CLOSE_LIMIT_MS = 10000, /* a client that takes longer to close is left as it is */
    JOIN_LIMIT_MS = 300,    /* a group that never was steady is not waited for longer */
    LOOK_MS = 20,
};

static void become(struct mr_group *group, enum mr_group_state next)
{
    mr_log(MR_LOG_DEBUG, "group_state", MR_S("group", group->id),
           MR_S("from", mr_group_state_names[group->state]),
           MR_S("to", mr_group_state_names[next]));
    mr_group_state_become(&group->state, next);
    group->settled = group->settled || next == MR_GROUP_STEADY;
}

static void on_assigned(void *data, size_t count)
{
    struct mr_group *group = data;
    mr_log(MR_LOG_INFO, "partitions_assigned", MR_S("group", group->id), MR_I("count", count));
    if (group->state == MR_GROUP_JOINING)
        become(group, MR_GROUP_STEADY);
    group->world->events->joined(group->world->data);
}

static void on_revoked(void *data, const char *topic, int32_t partition, bool lost)
{
    struct mr_group *group = data;
    mr_log(lost ? MR_LOG_WARN : MR_LOG_DEBUG, lost ? "partition_lost" : "partition_revoked",
           MR_S("group", group->id), MR_S("topic", topic), MR_I("partition", partition));
    group->world->events->revoked(group->world->data, group->consumer, topic, partition, lost);
}

static void drain(struct mr_group *group, size_t count)
{
    const struct mr_group_world *world = group->world;
    mr_revocation_begin(&group->drain, world->timers, group->id, group->consumer, count,
                        world->drain_timeout);
    if (group->state == MR_GROUP_JOINING || group->state == MR_GROUP_STEADY)
        become(group, MR_GROUP_DRAINING);
}

/* Ends a drain, because partitions are lost. The consumer gives them back at once, and the draining
 * ones with them. */
static void lose(struct mr_group *group)
{
    if (group->drain.phase == MR_DRAIN_HANDLERS)
        group->world->events->let_go(group->world->data, group->consumer, true);
    mr_revocation_stop(&group->drain);
    if (group->state == MR_GROUP_STEADY || group->state == MR_GROUP_DRAINING)
        become(group, MR_GROUP_JOINING);
}

static void on_revocation(void *data, size_t count, bool lost)
{
    struct mr_group *group = data;
    group->world->events->revocation(group->world->data);
    if (lost)
        lose(group);
    else
        drain(group, count);
}

static void on_ended(void *data, const struct mr_message *end)
{
    struct mr_group *group = data;
    group->world->events->ended(group->world->data, group->consumer, end);
}

static void on_committed(void *data, const char *topic, int32_t partition, int64_t next)
{
    struct mr_group *group = data;
    group->world->events->committed(group->world->data, group->consumer, topic, partition, next);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_group *group = data;
    group->world->events->troubled(group->world->data, unreachable, text);
}

static const struct mr_consumer_events consumer_events = {on_assigned, on_revoked,   on_revocation,
                                                          on_ended,    on_committed, on_troubled};

struct mr_group *mr_group_new(const struct mr_group_world *world, const char *id, size_t count,
                              struct mr_errors *errors)
{
    struct mr_group *group = mr_alloc(sizeof(*group));
    group->world = world;
    group->consumer =
        mr_consumer_new(world->config, id, world->instance.name, count, world->wake_fd,
                        world->timers, &consumer_events, group, errors);
    if (group->consumer == NULL) {
        free(group);
        return NULL;
    }
    group->asking = (struct mr_start_offsets){
        .loop = world->loop, .wake_fd = world->wake_fd, .consumer = group->consumer};
    if (world->held)
        mr_consumer_pause_all(group->consumer, MR_PAUSE_HELD);
    group->id = mr_strdup(id);
    return group;
}

void mr_group_subscribe(struct mr_group *group, const char *const *topics, size_t count,
                        struct mr_errors *errors)
{
    mr_consumer_subscribe(group->consumer, topics, count, errors);
    group->idle = count == 0;
    if (group->state == MR_GROUP_NEW && count > 0)
        become(group, MR_GROUP_JOINING);
}

static void on_look(struct mr_timer *timer)
{
    (void)timer; /* the turn that ran the timer looks at everything */
}

static void look_again(struct mr_group *group)
{
    mr_timers_arm(group->world->timers, &group->look, mr_clock_ms() + LOOK_MS, on_look);
}

static void leave(struct mr_group *group)
{
    become(group, MR_GROUP_LEAVING);
    group->leaves = mr_clock_ms();
    mr_consumer_leave(group->consumer);
    look_again(group);
}

static void close_client(struct mr_group *group)
{
    become(group, MR_GROUP_CLOSING);
    group->close_by = mr_clock_ms() + CLOSE_LIMIT_MS;
    mr_consumer_close(group->consumer);
    look_again(group);
}

static void close_when_left(struct mr_group *group)
{
    if (group->drain.phase == MR_DRAIN_NONE && mr_consumer_left(group->consumer))
        close_client(group);
    else
        look_again(group);
}

static void end_when_closed(struct mr_group *group)
{
    bool closed = mr_consumer_closed(group->consumer);
    if (group->asking.question != NULL || (!closed && mr_clock_ms() < group->close_by)) {
        look_again(group);
        return;
    }
    if (!closed)
        mr_log(MR_LOG_WARN, "group_not_closed", MR_S("group", group->id),
               MR_S("message", "librdkafka does not end the group's client"));
    become(group, MR_GROUP_GONE);
}

static void drain_further(struct mr_group *group)
{
    const struct mr_group_world *world = group->world;
    if (group->drain.phase == MR_DRAIN_NONE)
        return;
    mr_revocation_further(&group->drain, world->events->let_go, world->data);
    if (group->drain.phase == MR_DRAIN_NONE && group->state == MR_GROUP_DRAINING)
        become(group, MR_GROUP_STEADY);
}

void mr_group_further(struct mr_group *group)
{
    drain_further(group);
    mr_start_offsets_further(
        &group->asking); /* in the turn that polled: the next turn may be far off */
    switch (group->state) {
    case MR_GROUP_NEW:
    case MR_GROUP_JOINING:
    case MR_GROUP_STEADY:
        if (group->retired)
            leave(group);
        break;
    case MR_GROUP_LEAVING:
        close_when_left(group);
        break;
    case MR_GROUP_CLOSING:
        end_when_closed(group);
        break;
    case MR_GROUP_DRAINING:
    case MR_GROUP_GONE:
        break;
    case MR_GROUP_STATES:
        MR_UNREACHABLE("a group's state");
    }
}

void mr_group_give_up(struct mr_group *group)
{
    mr_revocation_stop(&group->drain);
    mr_start_offsets_stop(&group->asking);
    mr_consumer_give_up(group->consumer);
    become(group, MR_GROUP_GONE);
    group->retired = group->given_up = true;
    group->world->events->closed(group->world->data, group->consumer);
}

static void give_back_now(struct mr_group *group)
{
    if (group->drain.phase == MR_DRAIN_NONE)
        return;
    mr_revocation_end(&group->drain);
    if (group->state == MR_GROUP_DRAINING)
        become(group, MR_GROUP_STEADY);
}

/* If a static member stays, it closes without leaving when it is steady, and else ends with the
 * process. It keeps its place either way. If its place is another member's, it has no place to
 * leave, and cannot close. */
void mr_group_stop(struct mr_group *group, bool stays)
{
    give_back_now(group);
    if (group->state >= MR_GROUP_LEAVING || mr_consumer_fence(group->consumer) != MR_FENCE_NONE)
        return;
    if (!stays || group->retired)
        leave(group);
    else if (group->state == MR_GROUP_STEADY && group->asking.question == NULL)
        close_client(group);
}

bool mr_group_has_joined(const struct mr_group *group)
{
    return group->idle || group->state >= MR_GROUP_STEADY;
}

bool mr_group_is_awaited(const struct mr_group *group)
{
    if (group->state < MR_GROUP_LEAVING)
        return false;
    return group->settled || mr_clock_ms() < group->leaves + JOIN_LIMIT_MS;
}

bool mr_group_is_over(const struct mr_group *group)
{
    return group->state == MR_GROUP_GONE && group->asking.question == NULL &&
           group->world->events->closed(group->world->data, group->consumer);
}

void mr_group_free(struct mr_group *group)
{
    mr_timers_cancel(group->world->timers, &group->look);
    mr_revocation_stop(&group->drain);
    mr_consumer_free(group->consumer);
    free(group->id);
    free(group);
}
