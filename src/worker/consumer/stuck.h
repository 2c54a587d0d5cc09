/* Partitions whose records are stuck: sent for their messages and not acknowledged, since the
 * leader of an output topic is away, say. When too much is on its way, the worker takes nothing; so
 * that this costs other partitions a moment only, the stuck ones are paused, and what they have on
 * its way is counted apart. */
#ifndef MR_WORKER_CONSUMER_STUCK_H
#define MR_WORKER_CONSUMER_STUCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timers.h"

struct mr_parcel;
struct mr_partition;
struct mr_partitions;

/* A partition is stuck if the oldest of its records has been that for AFTER, and either too much is
 * on its way, or another partition is stuck and this one has MOST bytes of records on their way. */
enum { MR_STUCK_AFTER_MS = 500, MR_STUCK_MOST = 1 << 20 };

/* A partition's records that are not reported, oldest first. {0} is empty. */
struct mr_dues {
    struct mr_parcel *first, *last;
    size_t bytes;
    uint64_t since; /* ns, when the first one became that */
};

/* Of all stuck partitions. {0} is none. */
struct mr_stuck {
    size_t count;
    size_t record_bytes, job_bytes; /* not reported, not settled */
    struct mr_timer look;           /* armed while another look is due */
};

/* The parcel's record is sent for a message of the partition, is reported; `now` in ns. */
void mr_stuck_sent(struct mr_partition *partition, struct mr_parcel *parcel);
void mr_stuck_reported(struct mr_partition *partition, struct mr_parcel *parcel, uint64_t now);
/* Call it every turn: finds which partitions are stuck (`now` in ns), and sees to it that there is
 * another turn in time. Returns true if some began or ceased to be. */
bool mr_stuck_look(struct mr_partitions *partitions, bool crowded, uint64_t now);
/* The partition is stuck no more, or goes. Fine if it was not stuck. */
void mr_stuck_end(struct mr_partition *partition);

#endif
