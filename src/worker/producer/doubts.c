#include "worker/producer/doubts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/panic.h"
#include "kafka/cluster.h"

enum {
    QUESTION_TIMEOUT_MS = 1000,
    AGAIN_MS = 100,              /* between two questions for a topic */
    FRESH_MS = 1000,             /* how long a confirmation holds */
    KEPT_MS = MR_DOUBT_TOPIC_MS, /* how long a topic is remembered after its doubt is over */
    MOST_TOPICS = 10000,         /* a bound, because senders choose the names (reply-to) */
};

struct topic {
    struct mr_doubts *doubts;
    char *name;
    uv_work_t question;
    struct mr_timer timer; /* of the next question, or when the topic is forgotten */
    bool asking;
    bool open;         /* records wait for the end of the doubt */
    bool stale;        /* no answer since the topic, or a partition then shown, was doubted */
    bool stale_beyond; /* no answer since the latest doubt: partitions that are not shown wait */
    int32_t wanted;    /* the highest partition in doubt; MR_PARTITION_ANY: only the topic */
    int32_t answer;    /* while `asking`, only the pool's thread may touch it */
    int32_t count;     /* partitions, by the latest answer; 0: no such topic */
    int32_t highest;   /* the most partitions that were shown lately */
    uint64_t shown;    /* ms, when these were shown */
    uint64_t first;    /* ms, when the asking began */
    uint64_t answered; /* ms, when the latest answer came; 0: never */
};

void mr_doubts_start(struct mr_doubts *doubts, struct mr_topic_warmup *warmup,
                     struct mr_timers *timers, void (*answered)(void *data), void *data)
{
    *doubts =
        (struct mr_doubts){.warmup = warmup, .timers = timers, .answered = answered, .data = data};
}

static enum mr_doubt judge(const struct topic *topic, int32_t partition, uint64_t now)
{
    int32_t least = partition < 0 ? 0 : partition;
    uint64_t wait = topic->count > 0 ? MR_DOUBT_PARTITION_MS : MR_DOUBT_TOPIC_MS;
    if (topic->stale || (topic->stale_beyond && least >= topic->count))
        return MR_DOUBT_WAITS;
    if (least < topic->count)
        return MR_DOUBT_NONE;
    if (now - topic->first < wait || (least < topic->highest && now - topic->shown < wait))
        return MR_DOUBT_WAITS;
    return MR_DOUBT_CONFIRMED;
}

static void free_topic(void *value)
{
    struct topic *topic = value;
    free(topic->name);
    free(topic);
}

static void on_forgotten(struct mr_timer *timer)
{
    struct topic *topic = MR_CONTAINER(timer, struct topic, timer);
    mr_idmap_remove(&topic->doubts->topics, mr_bytes_of(topic->name));
    free_topic(topic);
}

static void close_doubt(struct topic *topic, uint64_t now)
{
    topic->open = false;
    topic->wanted = MR_PARTITION_ANY;
    topic->doubts->open--;
    mr_timers_arm(topic->doubts->timers, &topic->timer, now + KEPT_MS, on_forgotten);
}

static void ask(struct topic *topic);

static void on_again(struct mr_timer *timer)
{
    struct topic *topic = MR_CONTAINER(timer, struct topic, timer);
    if (!topic->doubts->stopped)
        ask(topic);
}

static void ask_later(struct topic *topic)
{
    mr_timers_arm(topic->doubts->timers, &topic->timer, mr_clock_ms() + AGAIN_MS, on_again);
}

/* Asks, on a thread of the pool. Writes nothing but the answer, from which librdkafka also
 * learns. */
static void do_ask(uv_work_t *work)
{
    char why[256];
    struct topic *topic = work->data;
    const struct mr_topic_warmup *warmup = topic->doubts->warmup;
    topic->answer = MR_CLUSTER_FAILED;
    if (atomic_load(&warmup->open))
        topic->answer =
            mr_cluster_topic(warmup->via, topic->name, QUESTION_TIMEOUT_MS, why, sizeof(why));
}

static void take_answer(struct topic *topic, uint64_t now)
{
    /* An answer below 0 is an error of the topic itself. That ends the doubt: sending a record
     * shows the error. */
    topic->count = topic->answer < 0 ? INT32_MAX : topic->answer;
    topic->answered = now;
    topic->stale = topic->stale_beyond = false;
    if (topic->count < topic->highest && now - topic->shown < MR_DOUBT_TOPIC_MS)
        return;
    topic->highest = topic->count;
    topic->shown = now;
}

static void after_ask(uv_work_t *work, int status)
{
    struct topic *topic = work->data;
    struct mr_doubts *doubts = topic->doubts;
    uint64_t now = mr_clock_ms();
    (void)status;
    topic->asking = false;
    doubts->warmup->asking--;
    if (doubts->stopped)
        return;
    if (topic->answer != MR_CLUSTER_FAILED)
        take_answer(topic, now);
    if (judge(topic, topic->wanted, now) == MR_DOUBT_WAITS)
        ask_later(topic);
    else
        close_doubt(topic, now);
    doubts->answered(doubts->data);
}

static void ask(struct topic *topic)
{
    struct mr_topic_warmup *warmup = topic->doubts->warmup;
    if (!atomic_load(&warmup->open)) {
        ask_later(topic);
        return;
    }
    topic->asking = true;
    topic->question.data = topic;
    warmup->asking++;
    uv_queue_work(warmup->loop, &topic->question, do_ask, after_ask);
}

static struct topic *find_or_add(struct mr_doubts *doubts, const char *name)
{
    struct topic *topic = mr_idmap_get(&doubts->topics, mr_bytes_of(name));
    if (topic != NULL || doubts->topics.count >= MOST_TOPICS)
        return topic;
    topic = mr_alloc(sizeof(*topic));
    topic->doubts = doubts;
    topic->name = mr_strdup(name);
    topic->wanted = MR_PARTITION_ANY;
    mr_idmap_put(&doubts->topics, mr_bytes_of(topic->name), topic);
    return topic;
}

static void open_doubt(struct topic *topic, uint64_t now)
{
    if (topic->answered == 0)
        topic->first = now;
    topic->open = true;
    topic->doubts->open++;
    mr_timers_cancel(topic->doubts->timers, &topic->timer);
    mr_log(MR_LOG_WARN, "topic_doubted", MR_S("topic", topic->name),
           MR_S("message", "a broker does not show the topic, or a partition of it: records for "
                           "the topic wait while the cluster is asked again"));
    ask(topic);
}

bool mr_doubts_raise(struct mr_doubts *doubts, const char *name, int32_t partition)
{
    uint64_t now = mr_clock_ms();
    struct topic *topic = doubts->stopped ? NULL : find_or_add(doubts, name);
    if (topic == NULL)
        return false;
    bool known = topic->answered > 0 && now - topic->answered < FRESH_MS;
    if (known && judge(topic, partition, now) == MR_DOUBT_CONFIRMED)
        return false;
    topic->stale_beyond = true;
    topic->stale = topic->stale || topic->count == 0 || partition < topic->count;
    if (partition > topic->wanted)
        topic->wanted = partition;
    if (!topic->open)
        open_doubt(topic, now);
    return true;
}

enum mr_doubt mr_doubts_of(const struct mr_doubts *doubts, const char *topic, int32_t partition)
{
    if (doubts->topics.count == 0)
        return MR_DOUBT_NONE;
    const struct topic *doubted = mr_idmap_get(&doubts->topics, mr_bytes_of(topic));
    return doubted == NULL ? MR_DOUBT_NONE : judge(doubted, partition, mr_clock_ms());
}

void mr_doubts_stop(struct mr_doubts *doubts)
{
    doubts->stopped = true;
}

static void cancel(void *value)
{
    struct topic *topic = value;
    mr_timers_cancel(topic->doubts->timers, &topic->timer);
    free_topic(topic);
}

void mr_doubts_free(struct mr_doubts *doubts)
{
    mr_idmap_drain(&doubts->topics, cancel);
}
