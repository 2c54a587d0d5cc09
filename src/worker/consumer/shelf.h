/* The shelf of a partition has messages of a retry topic that are not due yet. They do not count
 * for the window, or else a thousand of them would keep later messages from being read. Their bytes
 * are bounded per worker. If the shelf is full, a partition with its share of it or more is paused
 * until there is room. */
#ifndef MR_WORKER_CONSUMER_SHELF_H
#define MR_WORKER_CONSUMER_SHELF_H

#include "worker/consumer/partitions.h"

enum { MR_SHELF_BYTES = 32 << 20 }; /* per worker */

/* Counts a job of that size that waits on the shelf, or waits there no more. Only fullness.c
 * calls these two. */
void mr_shelf_put(struct mr_partition *partition, size_t size);
void mr_shelf_take(struct mr_partition *partition, size_t size);
/* Returns true if the shelf is full and the partition has its share of it, or more. */
bool mr_shelf_is_full(const struct mr_partition *partition);
/* Resumes partitions that were paused for a full shelf, if there is room again. Call it every
 * turn. */
void mr_shelf_look(struct mr_partitions *partitions);
/* Ends the pause for a full shelf, if there is one. Call it also before the partition is freed. */
void mr_shelf_end(struct mr_partition *partition);

#endif
