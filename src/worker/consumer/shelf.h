/* The shelf of a partition: messages of a retry topic that are not due yet. Those do not count for
 * the window, or a thousand of them would keep what is behind them from being read. They are
 * bounded by their size, all of a worker together: a partition with more than its share of a full
 * shelf is paused until there is room. */
#ifndef MR_WORKER_CONSUMER_SHELF_H
#define MR_WORKER_CONSUMER_SHELF_H

#include "worker/consumer/partitions.h"

enum { MR_SHELF_BYTES = 32 << 20 }; /* of a worker */

/* A job of that size waits on the shelf, does so no more. Called by partitions.c alone. */
void mr_shelf_put(struct mr_partition *partition, size_t size);
void mr_shelf_take(struct mr_partition *partition, size_t size);
/* The partition has its share of a full shelf. */
bool mr_shelf_is_full(const struct mr_partition *partition);
/* Resumes partitions that were paused for that, if there is room again. Call it every turn. */
void mr_shelf_look(struct mr_partitions *partitions);
/* The partition is paused for that no more, or goes. Fine if it was not. */
void mr_shelf_end(struct mr_partition *partition);

#endif
