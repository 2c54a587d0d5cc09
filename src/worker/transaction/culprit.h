/* Finds the jobs whose records make a transaction fail, in one pass. If a record alone is refused,
 * the refusal is believed. If its topic takes no record, or none of its size, other records will be
 * refused for the same reason. Such records are marked at once, also if their jobs wait for the
 * next transaction. If a batch is refused, that is no verdict on its records: their topic gets one
 * record at a time. If only the refusal of the transaction is known, its jobs are tried one by
 * one. */
#ifndef MR_WORKER_TRANSACTION_CULPRIT_H
#define MR_WORKER_TRANSACTION_CULPRIT_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/producer/careful.h"
#include "worker/transaction/batch.h"

/* {0} blames nobody. */
struct mr_culprit {
    size_t alone;     /* how many of the next transactions have one job each */
    size_t few;       /* how many of the next jobs leave in small transactions */
    enum mr_sent how; /* how the latest transaction was refused, if only the commit reported it */
    char why[512];
    bool compressed; /* all topics are compressed: a larger record may compress to less */
    struct mr_careful careful;
};

/* Notes why the transaction must be aborted. `how` and `why` are those of the commit. `how` is
 * MR_SENT_BACK if no record is known to be to blame. */
void mr_culprit_note(struct mr_culprit *blame, enum mr_sent how, const char *why);
/* Marks every record of finished jobs to this topic as refused, because nothing may be written to
 * it. */
void mr_culprit_topic(const struct mr_partitions *partitions, const char *topic, const char *why);
/* Appends the jobs to blame to `list`, after the transaction was aborted; they are not finished any
 * more. Returns true if the next transaction differs from this one, so that it may begin at
 * once. */
bool mr_culprit_find(struct mr_culprit *blame, const struct mr_batch *batch,
                     const struct mr_partitions *partitions, struct mr_job_list *list);
/* Notes that a transaction of `jobs` jobs is committed. */
void mr_culprit_committed(struct mr_culprit *blame, size_t jobs);
/* Returns how many jobs the next transaction may have, at most `most`. */
size_t mr_culprit_limit(const struct mr_culprit *blame, size_t most);
void mr_culprit_free(struct mr_culprit *blame);

#endif
