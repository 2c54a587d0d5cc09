#include "worker/inbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "kafka/cluster.h"
#include "kafka/listener.h"

enum {
    LOOKUP_TIMEOUT_MS = 2000,
    RETRY_MS = 1000,
    REFRESH_MS = 10000, /* for new partitions */
    NEW_TOPIC_PARTITIONS = 1,
};

enum topic_state { TOPIC_LOOKING, TOPIC_FAILED, TOPIC_OPENING, TOPIC_LISTENING };

struct topic {
    struct mr_inbox *inbox;
    char *name;
    enum topic_state state;
    uv_work_t lookup;
    struct mr_timer again; /* the lookup */
    int32_t found;         /* partitions, written by the lookup */
    int32_t partitions;    /* that are listened to */
    char why[256];
    struct topic *next;
};

struct mr_inbox {
    const struct mr_config *config;
    uv_loop_t *loop;
    int wake_fd;
    struct mr_timers *timers;
    const struct mr_producer *via;
    struct mr_listener *listener; /* NULL until a topic is wanted */
    struct topic *topics;
    size_t lookups;
    bool stopping;
    const struct mr_inbox_events *events;
    void *data;
};

struct mr_inbox *mr_inbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                              struct mr_timers *timers, const struct mr_producer *via,
                              const struct mr_inbox_events *events, void *data)
{
    struct mr_inbox *inbox = mr_alloc(sizeof(*inbox));
    *inbox = (struct mr_inbox){.config = config,
                               .loop = loop,
                               .wake_fd = wake_fd,
                               .timers = timers,
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

static void on_again(struct mr_timer *timer)
{
    look_up((struct topic *)((char *)timer - offsetof(struct topic, again)));
}

static void look_up_after(struct topic *topic, uint64_t ms)
{
    mr_timers_arm(topic->inbox->timers, &topic->again, mr_clock_ms() + ms, on_again);
}

static void on_listening(void *data, const char *name)
{
    struct mr_inbox *inbox = data;
    struct topic *topic = find(inbox, name);
    MR_ASSERT(topic != NULL);
    topic->state = TOPIC_LISTENING;
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

static const struct mr_listener_events listener_events = {on_listening, on_troubled};

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

static void fail(struct topic *topic)
{
    topic->state = TOPIC_FAILED;
    mr_log(MR_LOG_WARN, "response_topic_unavailable", MR_S("topic", topic->name),
           MR_S("message", topic->why));
    look_up_after(topic, RETRY_MS);
}

/* Without its being created by a broker that does so when it is asked for by name. */
static void find_topic(struct topic *topic)
{
    struct mr_cluster_topics all;
    snprintf(topic->why, sizeof(topic->why), "it is not there, and create_topics is false");
    mr_cluster_topics(topic->inbox->via, &all, LOOKUP_TIMEOUT_MS, topic->why, sizeof(topic->why));
    topic->found = mr_cluster_partitions(&all, topic->name);
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

static void open_topic(struct topic *topic)
{
    struct mr_listener *listener = topic->found > 0 ? listener_of(topic->inbox) : NULL;
    topic->state = TOPIC_OPENING;
    topic->partitions = topic->found;
    if (listener == NULL || mr_listener_add(listener, topic->name, topic->partitions, topic->why,
                                            sizeof(topic->why)) != 0)
        fail(topic);
}

/* A lookup that got no answer is made again with the next. */
static void grow_topic(struct topic *topic)
{
    look_up_after(topic, REFRESH_MS);
    if (topic->found <= topic->partitions)
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
    if (topic->inbox->stopping)
        return;
    if (topic->state == TOPIC_LISTENING)
        grow_topic(topic);
    else
        open_topic(topic);
}

static void look_up(struct topic *topic)
{
    struct mr_inbox *inbox = topic->inbox;
    if (topic->state != TOPIC_LISTENING)
        topic->state = TOPIC_LOOKING;
    topic->lookup.data = topic;
    inbox->lookups++;
    uv_queue_work(inbox->loop, &topic->lookup, do_lookup, after_lookup);
}

bool mr_inbox_want(struct mr_inbox *inbox, const char *name)
{
    struct topic *topic = find(inbox, name);
    if (topic == NULL) {
        topic = mr_alloc(sizeof(*topic));
        topic->inbox = inbox;
        topic->name = mr_strdup(name);
        topic->next = inbox->topics;
        inbox->topics = topic;
        look_up(topic);
    }
    return topic->state == TOPIC_LISTENING;
}

int32_t mr_inbox_partition(const struct mr_inbox *inbox, const char *topic, uint64_t number)
{
    const struct topic *found = find(inbox, topic);
    MR_ASSERT(found != NULL && found->state == TOPIC_LISTENING);
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
