#include "worker/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "kafka/cluster.h"
#include "kafka/listener.h"
#include "worker/deaf.h"

enum {
    LOOKUP_TIMEOUT_MS = 2000,
    RETRY_MS = 1000,
    REFRESH_MS = 10000, /* for new partitions */
    RECENT_MS = 60000,
    NEW_TOPIC_PARTITIONS = 1,
};

enum topic_state { TOPIC_LOOKING, TOPIC_FAILED, TOPIC_OPENING, TOPIC_LISTENING };

struct topic {
    struct mr_inbox *inbox;
    char *name;
    enum topic_state state;
    bool kept;       /* the configuration names it */
    bool listened;   /* it was, once */
    uint64_t wanted; /* ms, by a request */
    uv_work_t lookup;
    bool looking;
    struct mr_timer again; /* the lookup */
    int32_t found;         /* partitions, or less, written by the lookup */
    int32_t partitions;    /* that are listened to */
    char why[256];
    struct mr_deafness deafness;
    enum mr_deaf told; /* of it */
    struct topic *next;
};

struct mr_inbox {
    const struct mr_config *config;
    uv_loop_t *loop;
    int wake_fd;
    struct mr_timers *timers;
    struct mr_slot *slot;
    const struct mr_producer *via;
    struct mr_listener *listener; /* NULL until a topic is wanted */
    struct topic *topics;
    size_t lookups;
    bool stopping;
    const struct mr_inbox_events *events;
    void *data;
};

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
                               .events = events,
                               .data = data};
    return inbox;
}

static struct topic *find(const struct mr_inbox *inbox, const char *name)
{
    struct topic *topic = inbox->topics;
    while (topic != NULL && strcmp(topic->name, name) != 0)
        topic = topic->next;
    return topic;
}

static void look_up(struct topic *topic);

static void forget(struct topic *topic);
static bool may_forget(const struct topic *topic);

static void on_again(struct mr_timer *timer)
{
    struct topic *topic = (struct topic *)((char *)timer - offsetof(struct topic, again));
    if (may_forget(topic))
        forget(topic);
    else
        look_up(topic);
}

static void look_up_after(struct topic *topic, uint64_t ms)
{
    mr_timers_arm(topic->inbox->timers, &topic->again, mr_clock_ms() + ms, on_again);
}

static void describe(const struct topic *topic, char *text, size_t size)
{
    mr_deaf_text(topic->told, topic->name, topic->why, text, size);
}

static void show(const struct mr_inbox *inbox)
{
    uint64_t deaf = 0;
    for (const struct topic *topic = inbox->topics; topic != NULL; topic = topic->next)
        deaf += topic->told != MR_DEAF_NOT;
    mr_cell_set(&inbox->slot->gauges[MR_RESPONSE_TOPICS_DEAF], deaf);
}

/* Tells it where it changed, once. */
static void judge(struct topic *topic)
{
    char text[MR_NOTE_SIZE];
    struct mr_inbox *inbox = topic->inbox;
    enum mr_deaf deaf = mr_deaf_worst(&topic->deafness);
    if (deaf == topic->told)
        return;
    topic->told = deaf;
    show(inbox);
    describe(topic, text, sizeof(text));
    if (deaf == MR_DEAF_NOT)
        mr_log(MR_LOG_INFO, "response_topic_available", MR_S("topic", topic->name),
               MR_S("message", text));
    else
        mr_log(MR_LOG_ERROR, "response_topic_unavailable", MR_S("topic", topic->name),
               MR_S("message", text));
    if (mr_deaf_lasts(deaf))
        inbox->events->deaf(inbox->data, topic->name, text);
}

static void on_listening(void *data, const char *name)
{
    struct mr_inbox *inbox = data;
    struct topic *topic = find(inbox, name);
    MR_ASSERT(topic != NULL);
    topic->state = TOPIC_LISTENING;
    topic->listened = true;
    if (!topic->looking)
        look_up_after(topic, REFRESH_MS);
    mr_log(MR_LOG_INFO, "inbox_listening", MR_S("topic", name),
           MR_I("partitions", topic->partitions));
    inbox->events->listening(inbox->data, name);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_inbox *inbox = data;
    inbox->events->troubled(inbox->data, unreachable, text);
}

/* A topic that was deleted is looked for at once, which creates it where that is allowed. */
static void on_fault(void *data, const char *name, enum mr_listener_fault fault)
{
    struct topic *topic = find(data, name);
    MR_ASSERT(topic != NULL);
    topic->deafness.read = fault == MR_LISTENER_DENIED ? MR_DEAF_DENIED
                           : fault == MR_LISTENER_GONE ? MR_DEAF_GONE
                                                       : MR_DEAF_NOT;
    if (fault == MR_LISTENER_GONE && !topic->looking && !topic->inbox->stopping)
        look_up_after(topic, 0);
    judge(topic);
}

static const struct mr_listener_events listener_events = {on_listening, on_fault, on_troubled};

/* The same properties made the producer and the consumers, so this fails only where the machine
 * does. */
static struct mr_listener *listener_of(struct mr_inbox *inbox)
{
    struct mr_errors errors = {0};
    if (inbox->listener == NULL)
        inbox->listener =
            mr_listener_new(inbox->config, inbox->wake_fd, &listener_events, inbox, &errors);
    if (inbox->listener == NULL)
        mr_log(MR_LOG_ERROR, "inbox_failed", MR_S("message", mr_errors_text(&errors)));
    mr_errors_free(&errors);
    return inbox->listener;
}

static void fail(struct topic *topic, enum mr_deaf deaf)
{
    topic->state = TOPIC_FAILED;
    topic->deafness.looked_up = deaf;
    judge(topic);
    look_up_after(topic, RETRY_MS);
}

/* Without its being created by a broker that does so when it is asked for by name. */
static void find_topic(struct topic *topic)
{
    struct mr_cluster_topics all;
    int answered = mr_cluster_topics(topic->inbox->via, &all, LOOKUP_TIMEOUT_MS, topic->why,
                                     sizeof(topic->why));
    topic->found =
        answered == 0 ? mr_cluster_partitions(&all, topic->name) : (int32_t)MR_CLUSTER_FAILED;
    mr_cluster_topics_free(&all);
}

/* On a thread of the pool: touches nothing but the topic's own answer. */
static void do_lookup(uv_work_t *work)
{
    struct topic *topic = work->data;
    if (mr_config_boolean(topic->inbox->config, "create_topics"))
        topic->found = mr_cluster_topic(topic->inbox->via, topic->name, true, NEW_TOPIC_PARTITIONS,
                                        LOOKUP_TIMEOUT_MS, topic->why, sizeof(topic->why));
    else
        find_topic(topic);
}

/* Its partitions are with the listener. */
static bool is_open(const struct topic *topic)
{
    return topic->state == TOPIC_OPENING || topic->state == TOPIC_LISTENING;
}

/* What the lookup says. With create_topics a topic that is denied is hidden or missing. */
static enum mr_deaf found_as(const struct topic *topic)
{
    if (topic->found == 0)
        return MR_DEAF_MISSING;
    if (topic->found == MR_CLUSTER_DENIED)
        return MR_DEAF_FORBIDDEN;
    return topic->found < 0 ? MR_DEAF_UNKNOWN : MR_DEAF_NOT;
}

static void open_topic(struct topic *topic)
{
    struct mr_listener *listener = topic->found > 0 ? listener_of(topic->inbox) : NULL;
    if (topic->found <= 0) {
        fail(topic, found_as(topic));
        return;
    }
    topic->state = TOPIC_OPENING;
    topic->partitions = topic->found;
    if (listener == NULL || mr_listener_add(listener, topic->name, topic->partitions, topic->why,
                                            sizeof(topic->why)) != 0) {
        fail(topic, MR_DEAF_UNKNOWN);
        return;
    }
    topic->deafness.looked_up = MR_DEAF_NOT;
    judge(topic);
    look_up_after(topic, REFRESH_MS);
}

/* A lookup that got no answer is made again with the next. */
static void grow_topic(struct topic *topic)
{
    bool ails = topic->deafness.looked_up != MR_DEAF_NOT || topic->deafness.read == MR_DEAF_GONE;
    if (topic->found != MR_CLUSTER_FAILED)
        topic->deafness.looked_up = found_as(topic);
    judge(topic);
    look_up_after(topic, ails ? RETRY_MS : REFRESH_MS);
    if (topic->state != TOPIC_LISTENING || topic->found <= topic->partitions)
        return;
    if (mr_listener_grow(topic->inbox->listener, topic->name, topic->found, topic->why,
                         sizeof(topic->why)) != 0) {
        mr_log(MR_LOG_ERROR, "inbox_failed", MR_S("topic", topic->name),
               MR_S("message", topic->why));
        return;
    }
    topic->partitions = topic->found;
    mr_log(MR_LOG_INFO, "inbox_listening", MR_S("topic", topic->name),
           MR_I("partitions", topic->partitions));
}

static void after_lookup(uv_work_t *work, int status)
{
    struct topic *topic = work->data;
    (void)status;
    topic->inbox->lookups--;
    topic->looking = false;
    if (topic->inbox->stopping)
        return;
    if (is_open(topic))
        grow_topic(topic);
    else
        open_topic(topic);
}

static void look_up(struct topic *topic)
{
    struct mr_inbox *inbox = topic->inbox;
    if (!is_open(topic))
        topic->state = TOPIC_LOOKING;
    topic->lookup.data = topic;
    topic->looking = true;
    inbox->lookups++;
    uv_queue_work(inbox->loop, &topic->lookup, do_lookup, after_lookup);
}

static struct topic *find_or_make(struct mr_inbox *inbox, const char *name)
{
    struct topic *topic = find(inbox, name);
    if (topic != NULL)
        return topic;
    topic = mr_alloc(sizeof(*topic));
    *topic = (struct topic){.inbox = inbox,
                            .name = mr_strdup(name),
                            .deafness = {MR_DEAF_NOT, MR_DEAF_NOT, MR_DEAF_NOT},
                            .told = MR_DEAF_NOT,
                            .next = inbox->topics};
    inbox->topics = topic;
    look_up(topic);
    return topic;
}

enum mr_inbox_says mr_inbox_want(struct mr_inbox *inbox, const char *name, char *why, size_t size)
{
    struct topic *topic = find_or_make(inbox, name);
    topic->wanted = mr_clock_ms();
    if (mr_deaf_lasts(topic->told)) {
        describe(topic, why, size);
        return MR_INBOX_DEAF;
    }
    return topic->state == TOPIC_LISTENING ? MR_INBOX_LISTENS : MR_INBOX_WAITS;
}

void mr_inbox_keep(struct mr_inbox *inbox, const char *name)
{
    find_or_make(inbox, name)->kept = true;
}

static enum mr_deaf shown_as(const struct topic *topic, const struct mr_cluster_fault *faults,
                             size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(faults[i].topic, topic->name) == 0)
            return faults[i].partition < 0 ? MR_DEAF_HIDDEN : MR_DEAF_LEADERLESS;
    return MR_DEAF_NOT;
}

void mr_inbox_shown(struct mr_inbox *inbox, const struct mr_cluster_fault *faults, size_t count)
{
    for (struct topic *topic = inbox->topics; topic != NULL; topic = topic->next) {
        topic->deafness.shown = shown_as(topic, faults, count);
        judge(topic);
    }
}

static bool is_recent(const struct topic *topic)
{
    return topic->kept || mr_clock_ms() - topic->wanted < RECENT_MS;
}

/* No request waits for one whose deafness lasts. */
static bool may_forget(const struct topic *topic)
{
    return topic->state == TOPIC_FAILED && !is_recent(topic) && mr_deaf_lasts(topic->told);
}

static void forget(struct topic *topic)
{
    struct mr_inbox *inbox = topic->inbox;
    struct topic **link = &inbox->topics;
    while (*link != topic)
        link = &(*link)->next;
    *link = topic->next;
    show(inbox);
    free(topic->name);
    free(topic);
}

bool mr_inbox_troubled(const struct mr_inbox *inbox, char *why, size_t size)
{
    for (const struct topic *topic = inbox->topics; topic != NULL; topic = topic->next) {
        bool counts = topic->listened || (mr_deaf_is_denied(topic->told) && is_recent(topic));
        if (topic->told == MR_DEAF_NOT || !counts)
            continue;
        describe(topic, why, size);
        return true;
    }
    return false;
}

int32_t mr_inbox_partition(const struct mr_inbox *inbox, const char *topic, uint64_t number)
{
    const struct topic *found = find(inbox, topic);
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
    for (struct topic *topic = inbox->topics; topic != NULL; topic = topic->next)
        mr_timers_cancel(inbox->timers, &topic->again);
}

void mr_inbox_free(struct mr_inbox *inbox)
{
    MR_ASSERT(!mr_inbox_busy(inbox));
    if (inbox->listener != NULL)
        mr_listener_free(inbox->listener);
    while (inbox->topics != NULL) {
        struct topic *topic = inbox->topics;
        inbox->topics = topic->next;
        free(topic->name);
        free(topic);
    }
    free(inbox);
}
