/* Design: a partition counts its jobs, and their bytes, to know when it is full. A full partition
 * first has a grace period, in which nothing is taken from its consumer, and is then paused. It
 * goes on at half the bound, so that it is not paused for every message. The bound of bytes is the
 * worker's, and each partition with unhandled jobs has an equal share. */
#include "worker/consumer/fullness.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/panic.h"
#include "worker/consumer/shelf.h"

/* Makes the move, and counts the partitions in their grace period. */
static void become(struct mr_partition *partition, enum mr_partition_fullness next)
{
    partition->owner->full -= partition->fullness == MR_FULLNESS_GRACE;
    partition->owner->full += next == MR_FULLNESS_GRACE;
    mr_fullness_become(&partition->fullness, next);
}

static void pause_partition(struct mr_partition *partition)
{
    become(partition, MR_FULLNESS_PAUSED);
    mr_consumer_pause(partition->consumer, partition->topic, partition->number, MR_PAUSE_FULL);
}

static void resume_partition(struct mr_partition *partition)
{
    become(partition, MR_FULLNESS_OPEN);
    mr_consumer_resume(partition->consumer, partition->topic, partition->number, MR_PAUSE_FULL);
}

static void on_patience_over(struct mr_timer *timer)
{
    struct mr_partition *partition = MR_CONTAINER(timer, struct mr_partition, patience);
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
    become(partition, MR_FULLNESS_GRACE);
    mr_timers_arm(partition->owner->timers, &partition->patience,
                  partition->full_since + MR_PARTITION_PATIENCE_MS, on_patience_over);
}

void mr_fullness_end_grace(struct mr_partition *partition)
{
    if (partition->fullness != MR_FULLNESS_GRACE)
        return;
    become(partition, MR_FULLNESS_OPEN);
    mr_timers_cancel(partition->owner->timers, &partition->patience);
}

void mr_fullness_end_pause(struct mr_partition *partition)
{
    if (partition->fullness == MR_FULLNESS_PAUSED)
        resume_partition(partition);
}

bool mr_partitions_wait(const struct mr_partitions *partitions, const struct mr_consumer *consumer)
{
    if (partitions->full == 0)
        return false;
    for (const struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        if (p->consumer == consumer && p->fullness == MR_FULLNESS_GRACE)
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
    if (partition->fullness == MR_FULLNESS_OPEN && !mr_tenure_is_over(partition->tenure) &&
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

void mr_partition_began(struct mr_partition *partition, size_t size)
{
    partition->jobs++;
    add_bytes(partition, size);
    count(partition, size);
}

void mr_partition_holds_record(struct mr_partition *partition, size_t size)
{
    partition->record_bytes += size;
    add_bytes(partition, size);
}

void mr_partition_frees_record(struct mr_partition *partition, size_t size)
{
    MR_ASSERT(size <= partition->record_bytes);
    partition->record_bytes -= size;
    mr_fullness_take_bytes(partition, size);
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
    if (partition->delivery != MR_DELIVERY_EXACTLY_ONCE)
        count(partition, size);
}

static bool may_go_on(const struct mr_partition *partition)
{
    return partition->unhandled == 0 || (partition->unhandled <= partition->most / 2 &&
                                         partition->unhandled_bytes <= share(partition) / 2);
}

void mr_fullness_count_down(struct mr_partition *partition, size_t size)
{
    partition->owner->busy -= --partition->unhandled == 0;
    partition->unhandled_bytes -= size;
    partition->owner->unhandled_bytes -= size;
    if (!may_go_on(partition))
        return;
    mr_fullness_end_grace(partition);
    if (partition->fullness != MR_FULLNESS_PAUSED || mr_tenure_is_over(partition->tenure))
        return;
    partition->slow = mr_clock_ms() - partition->full_since >= MR_PARTITION_PATIENCE_MS;
    resume_partition(partition);
}

void mr_partition_handled(struct mr_partition *partition, size_t size)
{
    if (partition->delivery != MR_DELIVERY_EXACTLY_ONCE)
        mr_fullness_count_down(partition, size);
}

void mr_partition_put_back(struct mr_partition *partition, size_t size)
{
    mr_fullness_take_bytes(partition, size);
    if (partition->delivery == MR_DELIVERY_EXACTLY_ONCE)
        mr_fullness_count_down(partition, size);
    mr_shelf_put(partition, size);
}
