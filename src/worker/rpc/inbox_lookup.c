#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "kafka/creation.h"
#include "worker/rpc/inbox_state.h"

enum { LOOKUP_TIMEOUT_MS = 2000, RETRY_MS = 1000, NEW_TOPIC_PARTITIONS = 1 };

/* Returns true if the topic may be forgotten: it failed, no request uses it, and its fault lasts or
 * nothing that exists was asked. */
static bool may_forget(const struct mr_inbox_topic *topic)
{
    if (topic->state != MR_INBOX_FAILED || topic->uses > 0)
        return false;
    return topic->told == MR_DEAF_UNASKED ||
           (mr_deaf_lasts(topic->told) && !mr_inbox_is_recent(topic));
}

static void on_again(struct mr_timer *timer)
{
    struct mr_inbox_topic *topic = MR_CONTAINER(timer, struct mr_inbox_topic, again);
    if (may_forget(topic))
        mr_inbox_forget(topic);
    else
        mr_inbox_look_up(topic);
}

void mr_inbox_look_up_after(struct mr_inbox_topic *topic, uint64_t ms)
{
    if (!topic->looking && !topic->inbox->stopping)
        mr_timers_arm(topic->inbox->timers, &topic->again, mr_clock_ms() + ms, on_again);
}

static void fail(struct mr_inbox_topic *topic, enum mr_deaf deaf)
{
    topic->state = MR_INBOX_FAILED;
    topic->deafness.looked_up = deaf;
    mr_inbox_judge(topic);
    if (deaf == MR_DEAF_UNASKED)
        topic->inbox->events->missing(topic->inbox->data, topic->name, &topic->asked);
    mr_inbox_look_up_after(topic, RETRY_MS);
}

/* Returns true if a topic that requests ask exists. Otherwise the newest request's topic is asked
 * for by name, because a broker may create it then. */
static bool is_asked(struct mr_inbox_topic *topic, const struct mr_cluster_topics *all)
{
    const char *first = mr_buf_text(&topic->asked), *end = first + topic->asked.length;
    for (const char *name = first; name < end; name += strlen(name) + 1)
        if (mr_cluster_partitions(all, name) > 0)
            return true;
    return first < end && mr_cluster_topic(topic->inbox->via, first, LOOKUP_TIMEOUT_MS, topic->why,
                                           sizeof(topic->why)) > 0;
}

/* Creates the topic, which is missing, if it may be created. */
static void create_topic(struct mr_inbox_topic *topic, const struct mr_cluster_topics *all)
{
    topic->unasked = !topic->created && !is_asked(topic, all);
    if (topic->unasked)
        snprintf(topic->why, sizeof(topic->why), "%s", mr_buf_text(&topic->asked));
    else
        topic->found = mr_creation_ensure(topic->inbox->via, topic->name, NEW_TOPIC_PARTITIONS,
                                          LOOKUP_TIMEOUT_MS, topic->why, sizeof(topic->why));
}

/* Looks the topic up among all topics, on a thread of the pool. Writes nothing but the topic's own
 * answer. If a missing topic were asked for by name, a broker might create it. An existing one is
 * asked for by name, so that the looks at the cluster report its faults. */
static void do_lookup(uv_work_t *work)
{
    struct mr_cluster_topics all;
    struct mr_inbox_topic *topic = work->data;
    bool creates = mr_config_boolean(topic->inbox->config, "create_topics");
    int answered = mr_cluster_topics(topic->inbox->via, &all, LOOKUP_TIMEOUT_MS, topic->why,
                                     sizeof(topic->why));
    topic->unasked = false;
    topic->found =
        answered == 0 ? mr_cluster_partitions(&all, topic->name) : (int32_t)MR_CLUSTER_FAILED;
    if (creates && topic->found == 0)
        create_topic(topic, &all);
    else if (creates && topic->found > 0)
        topic->found = mr_cluster_topic(topic->inbox->via, topic->name, LOOKUP_TIMEOUT_MS,
                                        topic->why, sizeof(topic->why));
    mr_cluster_topics_free(&all);
}

/* Returns true if the listener has the topic's partitions. */
static bool is_open(const struct mr_inbox_topic *topic)
{
    return topic->state == MR_INBOX_OPENING || topic->state == MR_INBOX_LISTENING;
}

/* Names the result of the lookup. With create_topics, a denied topic is hidden or missing. */
static enum mr_deaf found_as(const struct mr_inbox_topic *topic)
{
    if (topic->found == 0)
        return topic->unasked ? MR_DEAF_UNASKED : MR_DEAF_MISSING;
    if (topic->found == MR_CLUSTER_DENIED)
        return MR_DEAF_FORBIDDEN;
    return topic->found < 0 ? MR_DEAF_UNKNOWN : MR_DEAF_NOT;
}

static void open_topic(struct mr_inbox_topic *topic)
{
    struct mr_listener *listener = topic->found > 0 ? mr_inbox_listener(topic->inbox) : NULL;
    if (topic->found <= 0) {
        fail(topic, found_as(topic));
        return;
    }
    topic->state = MR_INBOX_OPENING;
    topic->partitions = topic->found;
    if (listener == NULL || mr_listener_add(listener, topic->name, topic->partitions, topic->why,
                                            sizeof(topic->why)) != 0) {
        fail(topic, MR_DEAF_UNKNOWN);
        return;
    }
    topic->deafness.looked_up = MR_DEAF_NOT;
    mr_inbox_judge(topic);
    mr_inbox_look_up_after(topic, MR_INBOX_REFRESH_MS);
}

/* Takes the lookup of an open topic, and reads partitions that are new. If the lookup got no
 * answer, the next one asks again. */
static void grow_topic(struct mr_inbox_topic *topic)
{
    bool ails = topic->deafness.looked_up != MR_DEAF_NOT || topic->deafness.read == MR_DEAF_GONE;
    if (topic->found != MR_CLUSTER_FAILED)
        topic->deafness.looked_up = found_as(topic);
    mr_inbox_judge(topic);
    mr_inbox_look_up_after(topic, ails ? RETRY_MS : MR_INBOX_REFRESH_MS);
    if (topic->state != MR_INBOX_LISTENING || topic->found <= topic->partitions)
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
    struct mr_inbox_topic *topic = work->data;
    (void)status;
    topic->inbox->lookups--;
    topic->looking = false;
    memcpy(topic->detail, topic->why, sizeof(topic->detail));
    if (topic->inbox->stopping)
        return;
    if (is_open(topic))
        grow_topic(topic);
    else
        open_topic(topic);
}

void mr_inbox_look_up(struct mr_inbox_topic *topic)
{
    struct mr_inbox *inbox = topic->inbox;
    if (!is_open(topic))
        topic->state = MR_INBOX_LOOKING;
    topic->lookup.data = topic;
    topic->looking = true;
    topic->created = topic->kept || topic->listened;
    mr_buf_clear(&topic->asked);
    inbox->events->asked(inbox->data, topic->name, &topic->asked);
    inbox->lookups++;
    uv_queue_work(inbox->loop, &topic->lookup, do_lookup, after_lookup);
}
