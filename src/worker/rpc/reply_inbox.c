#include "worker/rpc/inbox_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"

static struct mr_inbox_topic *find(const struct mr_inbox *inbox, const char *name)
{
    struct mr_inbox_topic *topic = inbox->topics;
    while (topic != NULL && strcmp(topic->name, name) != 0)
        topic = topic->next;
    return topic;
}

static void on_listening(void *data, const char *name)
{
    struct mr_inbox *inbox = data;
    struct mr_inbox_topic *topic = find(inbox, name);
    MR_ASSERT(topic != NULL);
    topic->state = MR_INBOX_LISTENING;
    topic->listened = true;
    mr_inbox_look_up_after(topic, MR_INBOX_REFRESH_MS);
    mr_log(MR_LOG_INFO, "inbox_listening", MR_S("topic", name),
           MR_I("partitions", topic->partitions));
    inbox->events->listening(inbox->data, name);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_inbox *inbox = data;
    inbox->events->troubled(inbox->data, unreachable, text);
}

/* Notes a fault that the client met. If the topic was deleted, looks it up at once, which creates
 * it if that is allowed. */
static void on_fault(void *data, const char *name, enum mr_listener_fault fault)
{
    struct mr_inbox_topic *topic = find(data, name);
    MR_ASSERT(topic != NULL);
    topic->deafness.read = fault == MR_LISTENER_DENIED ? MR_DEAF_DENIED
                           : fault == MR_LISTENER_GONE ? MR_DEAF_GONE
                                                       : MR_DEAF_NOT;
    if (fault == MR_LISTENER_GONE)
        mr_inbox_look_up_after(topic, 0);
    mr_inbox_judge(topic);
}

static const struct mr_listener_events listener_events = {on_listening, on_fault, on_troubled};

struct mr_inbox *mr_inbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                              struct mr_timers *timers, struct mr_slot *slot,
                              const struct mr_producer *via, const struct mr_inbox_events *events,
                              void *data)
{
    struct mr_inbox *inbox = mr_alloc(sizeof(*inbox));
    *inbox = (struct mr_inbox){.config = config,
                               .loop = loop,
                               .wake_fd = wake_fd,
                               .timers = timers,
                               .slot = slot,
                               .via = via,
                               .hears = &listener_events,
                               .events = events,
                               .data = data};
    return inbox;
}

/* The lookup starts from a timer, because the request that wants the topic is not open yet. */
static struct mr_inbox_topic *make(struct mr_inbox *inbox, const char *name)
{
    struct mr_inbox_topic *topic = mr_alloc(sizeof(*topic));
    *topic = (struct mr_inbox_topic){.inbox = inbox,
                                     .name = mr_strdup(name),
                                     .deafness = {MR_DEAF_NOT, MR_DEAF_NOT, MR_DEAF_NOT},
                                     .told = MR_DEAF_NOT,
                                     .next = inbox->topics};
    inbox->topics = topic;
    mr_inbox_look_up_after(topic, 0);
    return topic;
}

enum mr_inbox_says mr_inbox_want(struct mr_inbox *inbox, const char *name, size_t **uses, char *why,
                                 size_t size)
{
    struct mr_inbox_topic *topic = find(inbox, name);
    *uses = NULL;
    if (topic == NULL && !mr_inbox_make_room(inbox)) {
        snprintf(why, size, "open requests use %d response topics already: share them by reply_to",
                 MR_INBOX_MOST);
        return MR_INBOX_DEAF;
    }
    if (topic == NULL)
        topic = make(inbox, name);
    *uses = &topic->uses;
    topic->wanted = mr_clock_ms();
    if (mr_deaf_lasts(topic->told)) {
        mr_inbox_describe(topic, why, size);
        return MR_INBOX_DEAF;
    }
    return topic->state == MR_INBOX_LISTENING ? MR_INBOX_LISTENS : MR_INBOX_WAITS;
}

void mr_inbox_keep(struct mr_inbox *inbox, const char *name)
{
    struct mr_inbox_topic *topic = find(inbox, name);
    if (topic == NULL)
        topic = make(inbox, name);
    topic->kept = true;
}

static enum mr_deaf shown_as(const struct mr_inbox_topic *topic,
                             const struct mr_cluster_fault *faults, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(faults[i].topic, topic->name) == 0)
            return faults[i].partition < 0 ? MR_DEAF_HIDDEN : MR_DEAF_LEADERLESS;
    return MR_DEAF_NOT;
}

void mr_inbox_shown(struct mr_inbox *inbox, const struct mr_cluster_fault *faults, size_t count)
{
    for (struct mr_inbox_topic *topic = inbox->topics; topic != NULL; topic = topic->next) {
        topic->deafness.shown = shown_as(topic, faults, count);
        mr_inbox_judge(topic);
    }
}

bool mr_inbox_troubled(const struct mr_inbox *inbox, char *why, size_t size)
{
    for (const struct mr_inbox_topic *topic = inbox->topics; topic != NULL; topic = topic->next) {
        bool counts =
            topic->listened || (mr_deaf_is_denied(topic->told) && mr_inbox_is_recent(topic));
        if (topic->told == MR_DEAF_NOT || !counts)
            continue;
        mr_inbox_describe(topic, why, size);
        return true;
    }
    return false;
}

int32_t mr_inbox_partition(const struct mr_inbox *inbox, const char *topic, uint64_t number)
{
    const struct mr_inbox_topic *found = find(inbox, topic);
    MR_ASSERT(found != NULL && found->partitions > 0);
    return (int32_t)(number % (uint64_t)found->partitions);
}

size_t mr_inbox_poll(struct mr_inbox *inbox, size_t most)
{
    size_t taken = 0;
    struct mr_message message;
    for (; taken < most && inbox->listener != NULL && mr_listener_poll(inbox->listener, &message);
         taken++)
        inbox->events->reply(inbox->data, &message);
    return taken;
}

bool mr_inbox_busy(const struct mr_inbox *inbox)
{
    return inbox->lookups > 0;
}

void mr_inbox_stop(struct mr_inbox *inbox)
{
    inbox->stopping = true;
    for (struct mr_inbox_topic *topic = inbox->topics; topic != NULL; topic = topic->next)
        mr_timers_cancel(inbox->timers, &topic->again);
}

void mr_inbox_free(struct mr_inbox *inbox)
{
    MR_ASSERT(!mr_inbox_busy(inbox));
    if (inbox->listener != NULL)
        mr_listener_free(inbox->listener);
    while (inbox->topics != NULL) {
        struct mr_inbox_topic *topic = inbox->topics;
        inbox->topics = topic->next;
        mr_buf_free(&topic->asked);
        free(topic->name);
        free(topic);
    }
    free(inbox);
}
