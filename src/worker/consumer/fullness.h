/* Whether a partition takes more messages: counts its jobs and their bytes, and pauses it while it
 * has too many. */
#ifndef MR_WORKER_CONSUMER_FULLNESS_H
#define MR_WORKER_CONSUMER_FULLNESS_H

#include "worker/consumer/partitions.h"

/* Pausing a partition throws away its fetched messages, and fetching them again may take
 * fetch.wait.max.ms (500). So a full partition has a grace period of PATIENCE ms, in which it may
 * go on. Meanwhile nothing is taken from its consumer: that consumer's other partitions wait, too,
 * but other groups do not. If the partition is still full after that, it is paused. It is paused at
 * once if its handlers compute for longer than PATIENCE, or if it exceeded PATIENCE when it was
 * full last. */
enum { MR_PARTITION_PATIENCE_MS = 50 };

/* Messages are bounded by their size, too (job.h). If UNHANDLED_BYTES are not handled, each
 * partition that has its share of them is full. If MR_PARTITIONS_BYTES are not settled, nothing
 * should be taken. These bytes include jobs whose records are under way, and the records that jobs
 * hold for a transaction. */
enum { MR_PARTITIONS_UNHANDLED_BYTES = 32 << 20, MR_PARTITIONS_BYTES = 48 << 20 };

/* Returns true if a partition of the consumer is in its grace period: take nothing from the
 * consumer. */
bool mr_partitions_wait(const struct mr_partitions *partitions, const struct mr_consumer *consumer);
/* Returns true if too many bytes are not settled: take nothing. Stuck partitions do not count, up
 * to three times the bound. */
bool mr_partitions_crowded(const struct mr_partitions *partitions);
/* Counts a job of that size that begins, or that is not handled after all. If the partition is
 * full, begins its grace period or pauses it. */
void mr_partition_began(struct mr_partition *partition, size_t size);
void mr_partition_reopened(struct mr_partition *partition, size_t size);
/* Counts a job of that size that begins on the shelf (worker/consumer/shelf.h). Call it instead of
 * mr_partition_began(). */
void mr_partition_shelve(struct mr_partition *partition, size_t size);
/* Counts a shelved job that starts, or leaves unstarted: it counts for the window from now on. */
void mr_partition_take_up(struct mr_partition *partition, size_t size);
/* Puts a job that is counted as handled back on the shelf. */
void mr_partition_put_back(struct mr_partition *partition, size_t size);
/* Counts a job of that size that is handled. Resumes the partition if it may go on. */
void mr_partition_handled(struct mr_partition *partition, size_t size);

/* Counts a record of that size that a job of the partition holds for a transaction
 * (worker/transaction/pending_records.h). It counts as bytes of its job until it is held no more.
 */
void mr_partition_holds_record(struct mr_partition *partition, size_t size);
void mr_partition_frees_record(struct mr_partition *partition, size_t size);

/* The rest is for partitions.c, which counts jobs that are settled, and releases partitions. */

/* Counts bytes of a job that is settled, or goes back to the shelf. */
static inline void mr_fullness_take_bytes(struct mr_partition *partition, size_t size)
{
    partition->bytes -= size;
    partition->owner->bytes -= size;
    if (partition->stuck)
        partition->owner->stuck.job_bytes -= size;
}

/* Counts a job that is not unhandled any more. */
void mr_fullness_count_down(struct mr_partition *partition, size_t size);
/* Ends the grace period, if the partition is in it. Call it before the partition is freed. */
void mr_fullness_end_grace(struct mr_partition *partition);
/* Resumes the partition if it is paused. */
void mr_fullness_end_pause(struct mr_partition *partition);

#endif
