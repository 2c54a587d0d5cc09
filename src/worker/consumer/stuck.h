/* Partitions whose records are stuck: they were sent but are not acknowledged, for instance because
 * the leader of an output topic is away. If too much is under way, the worker takes nothing. So
 * that this delays other partitions only for a moment, stuck ones are paused. Their records under
 * way are counted apart. */
#ifndef MR_WORKER_CONSUMER_STUCK_H
#define MR_WORKER_CONSUMER_STUCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timers.h"

struct mr_parcel;
struct mr_partition;
struct mr_partitions;

/* A partition is stuck if the same record has been its oldest for AFTER ms, and too much is under
 * way. An exactly-once partition is stuck likewise if its next job waits for an output topic. If
 * another partition is stuck already, it is enough that this one has MOST bytes of records under
 * way, or held by its jobs. */
enum { MR_STUCK_AFTER_MS = 500, MR_STUCK_MOST = 1 << 20 };

/* A partition's records that are not reported, oldest first. {0} is empty. */
struct mr_dues {
    struct mr_parcel *first, *last;
    size_t bytes;
    uint64_t since; /* ns, when `first` became the oldest */
};

/* Totals of all stuck partitions. {0} is none. */
struct mr_stuck {
    size_t count;
    size_t record_bytes, job_bytes; /* of records not reported, of jobs not settled */
    struct mr_timer look;           /* armed while another look is due */
};

/* Notes that the parcel's record, of a message of the partition, is sent or reported; `now` in
 * ns. */
void mr_stuck_sent(struct mr_partition *partition, struct mr_parcel *parcel);
void mr_stuck_reported(struct mr_partition *partition, struct mr_parcel *parcel, uint64_t now);
/* Finds, pauses and resumes stuck partitions, and sees to it that another turn follows in time.
 * Call it every turn; `now` in ns. Returns true if a partition has become stuck, or is stuck no
 * more. */
bool mr_stuck_look(struct mr_partitions *partitions, bool crowded, uint64_t now);
/* Returns the partition whose oldest record that is not reported was sent first of all; NULL if all
 * records are reported. */
const struct mr_partition *mr_stuck_longest(const struct mr_partitions *partitions);
/* Ends the stuck state of the partition, if it is stuck. Call it also before the partition is
 * freed. */
void mr_stuck_end(struct mr_partition *partition);

#endif
