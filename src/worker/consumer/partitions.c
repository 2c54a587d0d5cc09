/* Design: every turn stores one offset per partition: after the last message taken if delivery is
 * at-most-once, else after the done prefix. For a transactional partition the transaction commits
 * the offsets instead. A released partition leaves `by_id` at once, but stays in `all` until its
 * last job is settled. fullness.c counts its jobs. */
#include "worker/consumer/partitions.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/panic.h"
#include "worker/consumer/fullness.h"
#include "worker/consumer/shelf.h"

static struct mr_bytes id_of(const struct mr_partition *partition)
{
    return (struct mr_bytes){(const char *)&partition->id, sizeof(partition->id)};
}

static struct mr_partition *make(struct mr_partitions *partitions, struct mr_consumer *consumer,
                                 const struct mr_message *message)
{
    struct mr_partition *partition = mr_alloc(sizeof(*partition));
    partition->owner = partitions;
    partition->id.source = message->source;
    partition->id.number = message->partition;
    partition->topic = mr_strdup(message->topic);
    partition->number = message->partition;
    partition->consumer = consumer;
    partition->topic_row = UINT64_MAX;
    partition->most = 1;
    partition->next = partitions->all;
    partitions->all = partition;
    mr_idmap_put(&partitions->by_id, id_of(partition), partition);
    return partition;
}

struct mr_partition *mr_partitions_known(struct mr_partitions *partitions,
                                         const struct mr_message *message)
{
    struct mr_partition *latest = partitions->latest;
    if (latest != NULL && latest->id.source == message->source &&
        latest->number == message->partition)
        return latest;
    struct mr_partition probe = {.id = {message->source, message->partition}};
    return mr_idmap_get(&partitions->by_id, id_of(&probe));
}

struct mr_partition *mr_partitions_of(struct mr_partitions *partitions,
                                      struct mr_consumer *consumer,
                                      const struct mr_message *message)
{
    struct mr_partition *known = mr_partitions_known(partitions, message);
    partitions->latest = known != NULL ? known : make(partitions, consumer, message);
    return partitions->latest;
}

static void log_read_again(struct mr_partition *partition, int64_t offset)
{
    if (!partition->rewound)
        mr_log(MR_LOG_WARN, "offsets_read_again", MR_S("topic", partition->topic),
               MR_I("partition", partition->number), MR_I("from", offset),
               MR_I("to", partition->window.end),
               MR_S("message", "records that were read before are skipped"));
    partition->rewound = true;
}

bool mr_partition_has(struct mr_partition *partition, const struct mr_message *message)
{
    int64_t end = partition->window.end;
    bool has = !mr_offset_window_follows(&partition->window, message->offset) &&
               mr_consumer_end(partition->consumer, partition->topic, partition->number) >= end;
    if (has)
        log_read_again(partition, message->offset);
    else
        partition->rewound = false;
    return has;
}

static void unlink_partition(struct mr_partitions *partitions, struct mr_partition *partition)
{
    struct mr_partition **link = &partitions->all;
    MR_ASSERT(partition->record_bytes == 0);
    while (*link != partition)
        link = &(*link)->next;
    *link = partition->next;
    mr_shelf_end(partition);
    mr_stuck_end(partition);
    mr_schedule_detach(partitions->schedule, &partition->flow);
    mr_offset_window_free(&partition->window);
    free(partition->topic);
    free(partition->first_topic);
    free(partition);
}

void mr_partition_settled(struct mr_partitions *partitions, struct mr_partition *partition,
                          uint64_t sequence, size_t size, bool done)
{
    MR_ASSERT(partition->jobs > 0);
    partition->jobs--;
    mr_fullness_take_bytes(partition, size);
    if (partition->delivery == MR_DELIVERY_EXACTLY_ONCE)
        mr_fullness_count_down(partition, size);
    if (done)
        mr_offset_window_done(&partition->window, sequence);
    if (mr_tenure_is_over(partition->tenure) && partition->jobs == 0)
        unlink_partition(partitions, partition);
}

/* Stores and commits the offsets of all taken messages at once, because handlers wait for the
 * commit. */
static void store_taken(struct mr_partition *partition)
{
    if (partition->taken == partition->stored)
        return;
    partition->stored = partition->taken;
    mr_consumer_store(partition->consumer, partition->topic, partition->number, partition->stored);
    mr_consumer_commit(partition->consumer);
}

/* Stores the offset up to which all is done, unless it is below the stored one. If a partition was
 * at-most-once until its route was removed or changed, it has stored more than is done. A lower
 * offset would repeat those messages. */
static void store_done(struct mr_partition *partition)
{
    int64_t next;
    if (!mr_offset_window_take(&partition->window, &next) || next <= partition->stored)
        return;
    partition->stored = next;
    mr_consumer_store(partition->consumer, partition->topic, partition->number, next);
    if (partition->owner->suspects > 0 || partition->fence != 0)
        mr_consumer_commit(partition->consumer);
}

static void store(struct mr_partition *partition)
{
    if (partition->delivery == MR_DELIVERY_AT_MOST_ONCE)
        store_taken(partition);
    else if (partition->delivery != MR_DELIVERY_EXACTLY_ONCE)
        store_done(partition);
}

void mr_partitions_store(struct mr_partitions *partitions)
{
    for (struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        if (!mr_tenure_is_over(p->tenure))
            store(p);
}

static void let_go(struct mr_partitions *partitions, struct mr_partition *partition,
                   enum mr_tenure tenure)
{
    mr_idmap_remove(&partitions->by_id, id_of(partition));
    mr_fullness_end_grace(partition);
    partitions->latest = NULL;
    mr_tenure_become(&partition->tenure, tenure);
    if (partition->jobs == 0)
        unlink_partition(partitions, partition);
}

struct mr_partition *mr_partitions_restart(struct mr_partitions *partitions,
                                           struct mr_partition *partition,
                                           const struct mr_message *message)
{
    struct mr_consumer *consumer = partition->consumer;
    bool leaving = partition->tenure == MR_TENURE_LEAVING;
    mr_fullness_end_pause(partition);
    mr_shelf_end(partition);
    mr_stuck_end(partition);
    let_go(partitions, partition, MR_TENURE_OUTLIVED);
    struct mr_partition *next = make(partitions, consumer, message);
    if (leaving)
        mr_tenure_become(&next->tenure, MR_TENURE_LEAVING);
    return partitions->latest = next;
}

struct mr_partition *mr_partitions_find(const struct mr_partitions *partitions,
                                        const struct mr_consumer *consumer, const char *topic,
                                        int32_t number)
{
    struct mr_partition *p = partitions->all;
    while (p != NULL && (mr_tenure_is_over(p->tenure) || p->consumer != consumer ||
                         p->number != number || strcmp(p->topic, topic) != 0))
        p = p->next;
    return p;
}

void mr_partitions_leave(struct mr_partitions *partitions, const struct mr_consumer *consumer,
                         const char *topic, int32_t number)
{
    struct mr_partition *partition = mr_partitions_find(partitions, consumer, topic, number);
    if (partition != NULL && partition->tenure == MR_TENURE_SERVING)
        mr_tenure_become(&partition->tenure, MR_TENURE_LEAVING);
}

void mr_partitions_lose(struct mr_partitions *partitions, const struct mr_consumer *consumer,
                        const char *topic, int32_t number)
{
    struct mr_partition *partition = mr_partitions_find(partitions, consumer, topic, number);
    if (partition != NULL)
        let_go(partitions, partition, MR_TENURE_REVOKED);
}

static bool leaves(const struct mr_partition *partition, const struct mr_consumer *consumer)
{
    return partition->consumer == consumer && partition->tenure == MR_TENURE_LEAVING;
}

bool mr_partitions_drained(const struct mr_partitions *partitions,
                           const struct mr_consumer *consumer)
{
    for (const struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        if (leaves(p, consumer) && p->jobs > 0)
            return false;
    return true;
}

void mr_partitions_let_go(struct mr_partitions *partitions, const struct mr_consumer *consumer)
{
    for (struct mr_partition *p = partitions->all, *next; p != NULL; p = next) {
        next = p->next;
        if (!leaves(p, consumer))
            continue;
        store(p);
        let_go(partitions, p, MR_TENURE_REVOKED);
    }
}

bool mr_partitions_forget(struct mr_partitions *partitions, struct mr_consumer *consumer)
{
    bool idle = true;
    for (struct mr_partition *p = partitions->all, *next; p != NULL; p = next) {
        next = p->next;
        if (p->consumer != consumer)
            continue;
        idle = idle && p->jobs == 0;
        if (!mr_tenure_is_over(p->tenure))
            let_go(partitions, p, MR_TENURE_REVOKED);
    }
    return idle;
}

void mr_partitions_free(struct mr_partitions *partitions)
{
    for (struct mr_partition *p = partitions->all, *next; p != NULL; p = next) {
        next = p->next;
        MR_ASSERT(p->jobs == 0);
        mr_fullness_end_grace(p);
        mr_tenure_become(&p->tenure, MR_TENURE_REVOKED); /* its consumer no longer exists */
        unlink_partition(partitions, p);
    }
    mr_timers_cancel(partitions->timers, &partitions->stuck.look);
    mr_idmap_free(&partitions->by_id);
    partitions->latest = NULL;
}
