#include "worker/producer/topic_warmup.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/panic.h"
#include "kafka/cluster.h"

/* Senders choose the names (reply-to). Beyond MOST_TOPICS, new topics are not asked for, and their
 * first records wait. */
enum { MOST_TOPICS = 10000, QUESTION_TIMEOUT_MS = 2000, AGAIN_MS = 1000 };

struct topic {
    struct mr_topic_warmup *warmup;
    char *name;
    uv_work_t question;
    bool asking, known;
    uint64_t again; /* ms, when to ask again if the topic is not known */
};

void mr_topic_warmup_start(struct mr_topic_warmup *warmup, uv_loop_t *loop,
                           const struct mr_producer *via)
{
    *warmup = (struct mr_topic_warmup){.loop = loop, .via = via};
}

void mr_topic_warmup_open(struct mr_topic_warmup *warmup, bool open)
{
    atomic_store(&warmup->open, open);
}

/* Asks, on a thread of the pool. It is enough that librdkafka remembers the answer. */
static void do_ask(uv_work_t *work)
{
    char why[256];
    struct topic *topic = work->data;
    topic->known = atomic_load(&topic->warmup->open) &&
                   mr_cluster_topic(topic->warmup->via, topic->name, QUESTION_TIMEOUT_MS, why,
                                    sizeof(why)) > 0;
}

static void after_ask(uv_work_t *work, int status)
{
    struct topic *topic = work->data;
    (void)status;
    topic->asking = false;
    topic->again = mr_clock_ms() + AGAIN_MS;
    topic->warmup->asking--;
}

static struct topic *new_topic(struct mr_topic_warmup *warmup, const char *name)
{
    struct topic *topic = mr_alloc(sizeof(*topic));
    topic->warmup = warmup;
    topic->name = mr_strdup(name);
    topic->question.data = topic;
    mr_idmap_put(&warmup->topics, mr_bytes_of(topic->name), topic);
    return topic;
}

/* Returns true if the topic is known and the same as that of the record before, as it often is. */
static bool is_latest(const struct mr_topic_warmup *warmup, const char *topic)
{
    const struct topic *latest = warmup->latest;
    return latest != NULL && latest->known && strcmp(latest->name, topic) == 0;
}

void mr_topic_warmup_topic(struct mr_topic_warmup *warmup, const char *topic)
{
    if (is_latest(warmup, topic))
        return;
    struct topic *asked = mr_idmap_get(&warmup->topics, mr_bytes_of(topic));
    warmup->latest = asked;
    if (asked != NULL && (asked->known || asked->asking || mr_clock_ms() < asked->again))
        return;
    if (!atomic_load(&warmup->open) || (asked == NULL && warmup->topics.count >= MOST_TOPICS))
        return;
    if (asked == NULL)
        asked = new_topic(warmup, topic);
    asked->asking = true;
    warmup->asking++;
    uv_queue_work(warmup->loop, &asked->question, do_ask, after_ask);
}

bool mr_topic_warmup_misses(const struct mr_topic_warmup *warmup, const char *topic)
{
    const struct topic *asked = mr_idmap_get(&warmup->topics, mr_bytes_of(topic));
    return asked != NULL && !asked->asking && !asked->known;
}

void mr_topic_warmup_doubt(struct mr_topic_warmup *warmup, const char *topic)
{
    struct topic *asked = mr_idmap_get(&warmup->topics, mr_bytes_of(topic));
    if (asked == NULL || asked->asking)
        return;
    asked->known = false;
    mr_topic_warmup_topic(warmup, topic);
}

static void free_topic(void *value)
{
    struct topic *topic = value;
    free(topic->name);
    free(topic);
}

void mr_topic_warmup_free(struct mr_topic_warmup *warmup)
{
    MR_ASSERT(warmup->asking == 0);
    mr_idmap_drain(&warmup->topics, free_topic);
    warmup->latest = NULL;
}
