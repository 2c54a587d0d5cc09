#include "worker/consumer/shelf.h"

#include "base/panic.h"

static size_t share(const struct mr_partitions *partitions)
{
    return MR_SHELF_BYTES / partitions->shelves;
}

bool mr_shelf_is_full(const struct mr_partition *partition)
{
    const struct mr_partitions *all = partition->owner;
    return all->shelved_bytes >= MR_SHELF_BYTES && partition->shelved > 0 &&
           partition->shelved_bytes >= share(all);
}

static bool has_room(const struct mr_partition *partition)
{
    const struct mr_partitions *all = partition->owner;
    return partition->shelved == 0 || all->shelved_bytes <= MR_SHELF_BYTES / 2 ||
           partition->shelved_bytes <= share(all) / 2;
}

void mr_shelf_put(struct mr_partition *partition, size_t size)
{
    partition->owner->shelves += partition->shelved++ == 0;
    partition->shelved_bytes += size;
    partition->owner->shelved_bytes += size;
    if (partition->shelf_full || mr_tenure_is_over(partition->tenure) ||
        !mr_shelf_is_full(partition))
        return;
    partition->shelf_full = true;
    partition->owner->full_shelves++;
    mr_consumer_pause(partition->consumer, partition->topic, partition->number, MR_PAUSE_SHELF);
}

void mr_shelf_take(struct mr_partition *partition, size_t size)
{
    MR_ASSERT(partition->shelved > 0);
    partition->owner->shelves -= --partition->shelved == 0;
    partition->shelved_bytes -= size;
    partition->owner->shelved_bytes -= size;
}

void mr_shelf_end(struct mr_partition *partition)
{
    if (!partition->shelf_full)
        return;
    partition->shelf_full = false;
    partition->owner->full_shelves--;
    if (!mr_tenure_is_over(partition->tenure))
        mr_consumer_resume(partition->consumer, partition->topic, partition->number,
                           MR_PAUSE_SHELF);
}

void mr_shelf_look(struct mr_partitions *partitions)
{
    if (partitions->full_shelves == 0)
        return;
    for (struct mr_partition *p = partitions->all; p != NULL; p = p->next)
        if (!mr_tenure_is_over(p->tenure) && has_room(p))
            mr_shelf_end(p);
}
