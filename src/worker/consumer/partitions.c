/* Design: a partition counts its jobs, and their bytes, to know when it is full. A full
 * partition first has a grace period, in which nothing is taken from its consumer, and is then
 * paused. It goes on at half the bound, so that it is not paused for every message. The bound of
 * bytes is the worker's, and each partition with unhandled jobs has an equal share. Every turn
 * stores one offset per partition: after the last message taken if delivery is at-most-once, else
 * after the done prefix. For a transactional partition the transaction commits the offsets instead.
 * A released partition leaves `by_id` at once, but stays in `all` until its last job is settled. */
#include "worker/consumer/partitions.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/panic.h"
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

struct mr_partition *mr_partitions_of(struct mr_partitions *partitions,
                                      struct mr_consumer *consumer,
                                      const struct mr_message *message)
{
    struct mr_partition *latest = partitions->latest;
    if (latest != NULL && latest->id.source == message->source &&
        latest->number == message->partition)
        return latest;
    struct mr_partition probe = {.id = {message->source, message->partition}};
    struct mr_partition *found = mr_idmap_get(&partitions->by_id, id_of(&probe));
    partitions->latest = found != NULL ? found : make(partitions, consumer, message);
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
    bool has = !mr_window_follows(&partition->window, message->offset) &&
               mr_consumer_end(partition->consumer, partition->topic, partition->number) >= end;
    if (has)
        log_read_again(partition, message->offset);
    else
        partition->rewound = false;
    return has;
}

static void pause_partition(struct mr_partition *partition)
{
    partition->paused = true;
    mr_consumer_pause(partition->consumer, partition->topic, partition->number, MR_PAUSE_FULL);
}

static void resume_partition(struct mr_partition *partition)
{
    partition->paused = false;
    mr_consumer_resume(partition->consumer, partition->topic, partition->number, MR_PAUSE_FULL);
}

static void on_patience_over(struct mr_timer *timer)
{
    struct mr_partition *partition = MR_CONTAINER(timer, struct mr_partition, patience);
    partition->owner->full--;
    partition->slow = true;
    pause_partition(partition);
}

/* Returns true if its handlers will compute for longer than PATIENCE until half its jobs are
 * handled. How long handlers wait for others cannot be foreseen: such a partition is tried. */
static bool will_last(const struct mr_partition *partition)
{
    uint64_t work = mr_schedule_cost(&partition->flow) * (partition->unhandled / 2);
    return work / 1000000 >= MR_PARTITION_PATIENCE_MS;
}

static void fill(struct mr_partition *partition)
{
    partition->full_since = mr_clock_ms();
    if (partition->slow || will_last(partition)) {
        pause_partition(partition);
        return;
    }
    partition->owner->full++;
    mr_timers_arm(partition->owner->timers, &partition->patience,
                  partition->full_since + MR_PARTITION_PATIENCE_MS, on_patience_over);
}

static void end_patience(struct mr_partition *partition)
{
    if (!mr_timer_armed(&partition->patience))
        return;
    partition->owner->full--;
    mr_timers_cancel(partition->owner->timers, &partition->patience);
}

bool mr_partitions_wait(const struct mr_partitions *partitions, const struct mr_consumer *consumer)
{
    if (partitions->full == 0)
        return false;
    for (const struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        if (p->consumer == consumer && mr_timer_armed(&p->patience))
            return true;
    return false;
}

/* Returns a busy partition's share of the unhandled bytes that are allowed. If other partitions
 * have less than theirs, they can go on. */
static size_t share(const struct mr_partition *partition)
{
    return MR_PARTITIONS_UNHANDLED_BYTES / partition->owner->busy;
}

static bool is_full(const struct mr_partition *partition)
{
    return partition->unhandled >= partition->most ||
           (partition->owner->unhandled_bytes >= MR_PARTITIONS_UNHANDLED_BYTES &&
            partition->unhandled_bytes >= share(partition));
}

static void add(struct mr_partition *partition, size_t size)
{
    partition->owner->busy += partition->unhandled++ == 0;
    partition->unhandled_bytes += size;
    partition->owner->unhandled_bytes += size;
}

static void count(struct mr_partition *partition, size_t size)
{
    add(partition, size);
    if (!partition->revoked && !partition->paused && !mr_timer_armed(&partition->patience) &&
        is_full(partition))
        fill(partition);
}

bool mr_partitions_crowded(const struct mr_partitions *partitions)
{
    size_t most = MR_PARTITIONS_BYTES;
    return partitions->bytes - partitions->stuck.job_bytes >= most || partitions->bytes >= 3 * most;
}

/* Counts bytes of jobs that are not settled. */
static void add_bytes(struct mr_partition *partition, size_t size)
{
    partition->bytes += size;
    partition->owner->bytes += size;
    if (partition->stuck)
        partition->owner->stuck.job_bytes += size;
}

static void take_bytes(struct mr_partition *partition, size_t size)
{
    partition->bytes -= size;
    partition->owner->bytes -= size;
    if (partition->stuck)
        partition->owner->stuck.job_bytes -= size;
}

void mr_partition_began(struct mr_partition *partition, size_t size)
{
    partition->jobs++;
    add_bytes(partition, size);
    count(partition, size);
}

void mr_partition_shelve(struct mr_partition *partition, size_t size)
{
    partition->jobs++;
    mr_shelf_put(partition, size);
}

/* Does not check whether the partition is full: the next message's job does. */
void mr_partition_take_up(struct mr_partition *partition, size_t size)
{
    mr_shelf_take(partition, size);
    add_bytes(partition, size);
    add(partition, size);
}

void mr_partition_reopened(struct mr_partition *partition, size_t size)
{
    if (!partition->transactional)
        count(partition, size);
}

static bool may_go_on(const struct mr_partition *partition)
{
    return partition->unhandled == 0 || (partition->unhandled <= partition->most / 2 &&
                                         partition->unhandled_bytes <= share(partition) / 2);
}

static void count_down(struct mr_partition *partition, size_t size)
{
    partition->owner->busy -= --partition->unhandled == 0;
    partition->unhandled_bytes -= size;
    partition->owner->unhandled_bytes -= size;
    if (!may_go_on(partition))
        return;
    end_patience(partition);
    if (!partition->paused || partition->revoked)
        return;
    partition->slow = mr_clock_ms() - partition->full_since >= MR_PARTITION_PATIENCE_MS;
    resume_partition(partition);
}

void mr_partition_handled(struct mr_partition *partition, size_t size)
{
    if (!partition->transactional)
        count_down(partition, size);
}

void mr_partition_put_back(struct mr_partition *partition, size_t size)
{
    take_bytes(partition, size);
    if (partition->transactional)
        count_down(partition, size);
    mr_shelf_put(partition, size);
}

static void unlink_partition(struct mr_partitions *partitions, struct mr_partition *partition)
{
    struct mr_partition **link = &partitions->all;
    while (*link != partition)
        link = &(*link)->next;
    *link = partition->next;
    mr_shelf_end(partition);
    mr_stuck_end(partition);
    mr_schedule_detach(partitions->schedule, &partition->flow);
    mr_window_free(&partition->window);
    free(partition->topic);
    free(partition->first_topic);
    free(partition);
}

void mr_partition_settled(struct mr_partitions *partitions, struct mr_partition *partition,
                          uint64_t sequence, size_t size, bool done)
{
    MR_ASSERT(partition->jobs > 0);
    partition->jobs--;
    take_bytes(partition, size);
    if (partition->transactional)
        count_down(partition, size);
    if (done)
        mr_window_done(&partition->window, sequence);
    if (partition->revoked && partition->jobs == 0)
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
    if (!mr_window_take(&partition->window, &next) || next <= partition->stored)
        return;
    partition->stored = next;
    mr_consumer_store(partition->consumer, partition->topic, partition->number, next);
}

static void store(struct mr_partition *partition)
{
    if (partition->at_most_once)
        store_taken(partition);
    else if (!partition->transactional)
        store_done(partition);
}

void mr_partitions_store(struct mr_partitions *partitions)
{
    for (struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        if (!p->revoked)
            store(p);
}

static void let_go(struct mr_partitions *partitions, struct mr_partition *partition)
{
    mr_idmap_remove(&partitions->by_id, id_of(partition));
    end_patience(partition);
    partitions->latest = NULL;
    partition->leaving = partition->revoked = true;
    if (partition->jobs == 0)
        unlink_partition(partitions, partition);
}

struct mr_partition *mr_partitions_restart(struct mr_partitions *partitions,
                                           struct mr_partition *partition,
                                           const struct mr_message *message)
{
    struct mr_consumer *consumer = partition->consumer;
    bool leaving = partition->leaving;
    if (partition->paused)
        resume_partition(partition);
    mr_shelf_end(partition);
    mr_stuck_end(partition);
    partition->outlived = true;
    let_go(partitions, partition);
    struct mr_partition *next = make(partitions, consumer, message);
    next->leaving = leaving;
    return partitions->latest = next;
}

struct mr_partition *mr_partitions_find(const struct mr_partitions *partitions,
                                        const struct mr_consumer *consumer, const char *topic,
                                        int32_t number)
{
    struct mr_partition *p = partitions->all;
    while (p != NULL && (p->revoked || p->consumer != consumer || p->number != number ||
                         strcmp(p->topic, topic) != 0))
        p = p->next;
    return p;
}

void mr_partitions_leave(struct mr_partitions *partitions, const struct mr_consumer *consumer,
                         const char *topic, int32_t number)
{
    struct mr_partition *partition = mr_partitions_find(partitions, consumer, topic, number);
    if (partition != NULL)
        partition->leaving = true;
}

void mr_partitions_lose(struct mr_partitions *partitions, const struct mr_consumer *consumer,
                        const char *topic, int32_t number)
{
    struct mr_partition *partition = mr_partitions_find(partitions, consumer, topic, number);
    if (partition != NULL)
        let_go(partitions, partition);
}

static bool leaves(const struct mr_partition *partition, const struct mr_consumer *consumer)
{
    return partition->consumer == consumer && partition->leaving && !partition->revoked;
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
        let_go(partitions, p);
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
        if (!p->revoked)
            let_go(partitions, p);
    }
    return idle;
}

void mr_partitions_free(struct mr_partitions *partitions)
{
    for (struct mr_partition *p = partitions->all, *next; p != NULL; p = next) {
        next = p->next;
        MR_ASSERT(p->jobs == 0);
        end_patience(p);
        p->revoked = true; /* its consumer no longer exists */
        unlink_partition(partitions, p);
    }
    mr_timers_cancel(partitions->timers, &partitions->stuck.look);
    mr_idmap_free(&partitions->by_id);
    partitions->latest = NULL;
}
