#include "worker/consumer/stuck.h"

#include "base/clock.h"
#include "base/log.h"
#include "worker/consumer/partitions.h"
#include "worker/job/parcels.h"

enum { LOOK_MS = 50, NS_PER_MS = 1000000 };

void mr_stuck_sent(struct mr_partition *partition, struct mr_parcel *parcel)
{
    struct mr_dues *dues = &partition->dues;
    parcel->before = dues->last;
    parcel->behind = NULL;
    if (dues->last != NULL)
        dues->last->behind = parcel;
    else
        dues->first = parcel;
    if (dues->first == parcel)
        dues->since = parcel->sent;
    dues->last = parcel;
    dues->bytes += parcel->size;
    if (partition->stuck)
        partition->owner->stuck.record_bytes += parcel->size;
}

void mr_stuck_reported(struct mr_partition *partition, struct mr_parcel *parcel, uint64_t now)
{
    struct mr_dues *dues = &partition->dues;
    if (dues->first == parcel)
        dues->since = now;
    *(parcel->before != NULL ? &parcel->before->behind : &dues->first) = parcel->behind;
    *(parcel->behind != NULL ? &parcel->behind->before : &dues->last) = parcel->before;
    dues->bytes -= parcel->size;
    if (partition->stuck)
        partition->owner->stuck.record_bytes -= parcel->size;
}

static void tell(enum mr_log_level level, const char *event, const struct mr_partition *partition,
                 const char *message)
{
    mr_log(level, event, MR_S("topic", partition->topic), MR_I("partition", partition->number),
           MR_S("message", message));
}

static void begin(struct mr_partition *partition)
{
    struct mr_stuck *stuck = &partition->owner->stuck;
    partition->stuck = true;
    stuck->record_bytes += partition->dues.bytes;
    stuck->job_bytes += partition->bytes;
    if (stuck->count++ == 0)
        tell(MR_LOG_ERROR, "output_unacknowledged", partition,
             "records sent for this partition's messages are not acknowledged: a leader is not "
             "reachable, or too few replicas are in sync. The partition is paused, others go on");
    if (!mr_tenure_is_over(partition->tenure))
        mr_consumer_pause(partition->consumer, partition->topic, partition->number, MR_PAUSE_STUCK);
}

void mr_stuck_end(struct mr_partition *partition)
{
    struct mr_stuck *stuck = &partition->owner->stuck;
    if (!partition->stuck)
        return;
    partition->stuck = false;
    stuck->record_bytes -= partition->dues.bytes;
    stuck->job_bytes -= partition->bytes;
    if (--stuck->count == 0)
        tell(MR_LOG_INFO, "output_acknowledged", partition,
             "records that were sent for messages are acknowledged again");
    if (!mr_tenure_is_over(partition->tenure))
        mr_consumer_resume(partition->consumer, partition->topic, partition->number,
                           MR_PAUSE_STUCK);
}

static bool stands(const struct mr_partition *partition, uint64_t now)
{
    const struct mr_dues *dues = &partition->dues;
    return partition->line.troubled ||
           (dues->first != NULL && now >= dues->since + (uint64_t)MR_STUCK_AFTER_MS * NS_PER_MS);
}

/* Returns true if the partition is stuck now. If it was stuck before, it stays so until few bytes
 * are left: else it would crowd the worker at once. */
static bool is_stuck(const struct mr_partition *partition, bool crowded, uint64_t now)
{
    bool much = partition->dues.bytes + partition->record_bytes >= MR_STUCK_MOST;
    if (partition->stuck)
        return stands(partition, now) || much;
    return stands(partition, now) && (crowded || (partition->owner->stuck.count > 0 && much));
}

static void on_look(struct mr_timer *timer)
{
    (void)timer; /* a turn follows */
}

bool mr_stuck_look(struct mr_partitions *partitions, bool crowded, uint64_t now)
{
    bool changed = false;
    if (!crowded && partitions->stuck.count == 0)
        return false;
    for (struct mr_partition *p = partitions->all; p != NULL; p = p->next) {
        bool stuck = is_stuck(p, crowded, now);
        changed = changed || stuck != p->stuck;
        if (stuck && !p->stuck)
            begin(p);
        else if (!stuck)
            mr_stuck_end(p);
    }
    if (partitions->stuck.look.place == 0)
        mr_timers_arm(partitions->timers, &partitions->stuck.look, mr_clock_ms() + LOOK_MS,
                      on_look);
    return changed;
}

const struct mr_partition *mr_stuck_longest(const struct mr_partitions *partitions)
{
    const struct mr_partition *longest = NULL;
    for (const struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        if (p->dues.first != NULL &&
            (longest == NULL || p->dues.first->sent < longest->dues.first->sent))
            longest = p;
    return longest;
}
