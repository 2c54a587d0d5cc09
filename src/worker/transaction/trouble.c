#include "worker/transaction/trouble.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/transaction/pending_records.h"

enum {
    LOOK_MS = 1000,
    SHORTEST_MS = 1000,
    LONGEST_MS = 10000,        /* between two tries of a topic with all its replicas in step */
    LONGEST_BROKEN_MS = 60000, /* likewise, if it lacks replicas, without which it may work */
};

static size_t place_of(const struct mr_trouble *trouble, const char *topic)
{
    size_t place = 0;
    while (place < trouble->count && strcmp(trouble->topics[place].topic, topic) != 0)
        place++;
    return place;
}

static void begin(struct mr_trouble *trouble, const char *topic)
{
    mr_log(MR_LOG_ERROR, "output_stalled", MR_S("topic", topic),
           MR_S("message",
                "records of this topic are not acknowledged: a leader is not reachable, or "
                "too few replicas are in sync; messages that write to it wait"));
    trouble->topics[trouble->count].topic = mr_strdup(topic);
    trouble->topics[trouble->count].wait = 0;
    trouble->topics[trouble->count].missing = false;
    trouble->topics[trouble->count++].whole = true;
}

void mr_trouble_add(struct mr_trouble *trouble, const char *topic, uint64_t now)
{
    size_t place = place_of(trouble, topic);
    if (place == MR_TROUBLE_TOPICS)
        return;
    if (place == trouble->count)
        begin(trouble, topic);
    uint64_t *wait = &trouble->topics[place].wait;
    *wait = mr_backoff_next(*wait, SHORTEST_MS, LONGEST_BROKEN_MS);
    trouble->topics[place].failed = now;
    trouble->topics[place].due = now + LOOK_MS;
    trouble->topics[place].ready = false;
}

const char *mr_trouble_unseen(const struct mr_trouble *trouble, uint64_t now)
{
    for (size_t i = 0; i < trouble->count; i++)
        if (!trouble->topics[i].ready && trouble->topics[i].due <= now)
            return trouble->topics[i].topic;
    return NULL;
}

void mr_trouble_seen(struct mr_trouble *trouble, const char *topic, enum mr_led led, uint64_t now)
{
    size_t place = place_of(trouble, topic);
    if (place == trouble->count || trouble->topics[place].ready)
        return;
    uint64_t wait = trouble->topics[place].wait;
    bool whole = led == MR_LED_WELL, mended = whole && !trouble->topics[place].whole;
    if (led != MR_LED_BARELY && wait > LONGEST_MS)
        wait = LONGEST_MS;
    trouble->topics[place].whole = whole;
    trouble->topics[place].missing = led == MR_LED_NO_TOPIC;
    trouble->topics[place].ready =
        mended || (led != MR_LED_NOT && now >= trouble->topics[place].failed + wait);
    trouble->topics[place].due = now + LOOK_MS;
}

bool mr_trouble_misses(const struct mr_trouble *trouble, const char *topic)
{
    size_t place = place_of(trouble, topic);
    return place < trouble->count && trouble->topics[place].missing;
}

static void take_out(struct mr_trouble *trouble, size_t place)
{
    free(trouble->topics[place].topic);
    trouble->topics[place] = trouble->topics[--trouble->count];
}

void mr_trouble_end(struct mr_trouble *trouble, const char *topic)
{
    size_t place = place_of(trouble, topic);
    if (place == trouble->count)
        return;
    mr_log(MR_LOG_INFO, "output_resumed", MR_S("topic", topic),
           MR_S("message", "records of this topic are acknowledged again"));
    take_out(trouble, place);
}

enum mr_trouble_of mr_trouble_of(const struct mr_trouble *trouble, const struct mr_job *job)
{
    enum mr_trouble_of of = MR_TROUBLE_NONE;
    if (trouble->count == 0)
        return of;
    for (const struct mr_pending_records *held = job->held; held != NULL; held = held->next) {
        size_t place = place_of(trouble, held->record->topic);
        if (place < trouble->count && !trouble->topics[place].ready)
            return MR_TROUBLE_WAITS;
        if (place < trouble->count)
            of = MR_TROUBLE_DUE;
    }
    return of;
}

bool mr_trouble_due(const struct mr_trouble *trouble)
{
    bool due = false;
    for (size_t i = 0; i < trouble->count; i++)
        due = due || trouble->topics[i].ready;
    return due;
}

uint64_t mr_trouble_next(const struct mr_trouble *trouble)
{
    uint64_t next = 0;
    for (size_t i = 0; i < trouble->count; i++)
        if (!trouble->topics[i].ready && (next == 0 || trouble->topics[i].due < next))
            next = trouble->topics[i].due;
    return next;
}

void mr_trouble_free(struct mr_trouble *trouble)
{
    while (trouble->count > 0)
        take_out(trouble, trouble->count - 1);
}
