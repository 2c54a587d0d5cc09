#include "worker/producer/singles.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"

/* If records pass alone but not in a batch, the next batch would be refused as well. So after that,
 * the topic's records go one by one for STAY_MS. A refused batch costs librdkafka's producer a
 * pause of all its partitions (a new epoch). */
enum { STAY_MS = 10000 };

struct topic {
    char *name;
    size_t outstanding;
    bool too_large; /* its batches were too large */
    uint64_t until; /* ms; records go one by one until then */
};

void mr_singles_start(struct mr_singles *singles, uv_loop_t *loop, const struct mr_producer *like,
                      int wake_fd, const struct mr_producer_events *events, void *data)
{
    *singles = (struct mr_singles){
        .like = like, .wake_fd = wake_fd, .events = events, .data = data, .warmup = {.loop = loop}};
}

static bool open_producer(struct mr_singles *singles, char *why, size_t size)
{
    struct mr_errors errors = {0};
    if (singles->producer != NULL)
        return true;
    singles->producer = mr_producer_new_single(singles->like, singles->wake_fd, singles->events,
                                               singles->data, &errors);
    if (singles->producer == NULL)
        snprintf(why, size, "%s", mr_errors_text(&errors));
    mr_errors_free(&errors);
    if (singles->producer == NULL)
        return false;
    mr_topic_warmup_start(&singles->warmup, singles->warmup.loop, singles->producer);
    mr_topic_warmup_open(&singles->warmup, singles->reachable);
    return true;
}

static void free_topic(void *value)
{
    struct topic *topic = value;
    free(topic->name);
    free(topic);
}

static struct topic *find(const struct mr_singles *singles, const char *name)
{
    return mr_idmap_get(&singles->topics, mr_bytes_of(name));
}

static struct topic *find_or_add(struct mr_singles *singles, const char *name)
{
    struct topic *topic = find(singles, name);
    if (topic != NULL)
        return topic;
    topic = mr_alloc(sizeof(*topic));
    topic->name = mr_strdup(name);
    mr_idmap_put(&singles->topics, mr_bytes_of(topic->name), topic);
    return topic;
}

bool mr_singles_has(struct mr_singles *singles, const char *name)
{
    struct topic *topic = singles->topics.count == 0 ? NULL : find(singles, name);
    if (topic == NULL)
        return false;
    if (topic->outstanding > 0 || mr_clock_ms() < topic->until)
        return true;
    mr_idmap_remove(&singles->topics, mr_bytes_of(name));
    free_topic(topic);
    return false;
}

void mr_singles_blame(struct mr_singles *singles, const char *name, bool too_large)
{
    struct topic *topic = find_or_add(singles, name);
    topic->too_large = topic->too_large || too_large;
}

enum mr_sent mr_singles_send(struct mr_singles *singles, const struct mr_outgoing *record,
                             void *opaque, char *why, size_t size)
{
    if (!open_producer(singles, why, size))
        return MR_SENT_REFUSED;
    mr_topic_warmup_topic(&singles->warmup, record->topic);
    enum mr_sent sent = mr_producer_send(singles->producer, record, opaque, why, size);
    if (sent == MR_SENT)
        find_or_add(singles, record->topic)->outstanding++;
    return sent;
}

void mr_singles_reported(struct mr_singles *singles, const char *name, bool delivered)
{
    struct topic *topic = find(singles, name);
    MR_ASSERT(topic != NULL && topic->outstanding > 0);
    topic->outstanding--;
    if (topic->too_large && delivered)
        topic->until = mr_clock_ms() + STAY_MS;
}

void mr_singles_poll(struct mr_singles *singles)
{
    if (singles->producer != NULL)
        mr_producer_poll(singles->producer);
}

size_t mr_singles_outstanding(const struct mr_singles *singles)
{
    return singles->producer == NULL ? 0 : mr_producer_outstanding(singles->producer);
}

size_t mr_singles_outstanding_bytes(const struct mr_singles *singles)
{
    return singles->producer == NULL ? 0 : mr_producer_outstanding_bytes(singles->producer);
}

void mr_singles_reachable(struct mr_singles *singles, bool reachable)
{
    singles->reachable = reachable;
    mr_topic_warmup_open(&singles->warmup, reachable);
}

void mr_singles_doubt(struct mr_singles *singles, const char *topic)
{
    mr_topic_warmup_doubt(&singles->warmup, topic);
}

bool mr_singles_failed(const struct mr_singles *singles, char *why, size_t size)
{
    return singles->producer != NULL && mr_producer_failed(singles->producer, why, size);
}

void mr_singles_drop(struct mr_singles *singles)
{
    if (singles->producer != NULL)
        mr_producer_drop(singles->producer);
}

void mr_singles_free(struct mr_singles *singles)
{
    mr_topic_warmup_free(&singles->warmup);
    mr_idmap_drain(&singles->topics, free_topic);
    if (singles->producer != NULL)
        mr_producer_free(singles->producer);
}
