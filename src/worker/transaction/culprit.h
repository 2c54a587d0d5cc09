/* Whose record fails a transaction, found in one pass. A record's own refusal is believed. From a
 * topic that takes none, and from a size that a topic does not take, follows what becomes of other
 * records, also of those whose jobs wait for the next transaction. A refusal of a batch is no
 * verdict on its records: their topic gets one record at a time. If nothing is known but that the
 * transaction is refused, its jobs are tried one by one. */
#ifndef MR_WORKER_TRANSACTION_CULPRIT_H
#define MR_WORKER_TRANSACTION_CULPRIT_H

#include <stdbool.h>
#include <stddef.h>

#include "worker/producer/careful.h"
#include "worker/transaction/batch.h"

/* {0} blames nobody. */
struct mr_blame {
    size_t alone;     /* so many transactions to come have one job each */
    size_t few;       /* so many jobs are yet to leave in small transactions */
    enum mr_sent how; /* what a record of the latest was refused for, if only the commit told */
    char why[512];
    bool compressed; /* all topics are compressed: a larger record may yet be smaller */
    struct mr_careful careful;
};

/* The transaction is to be aborted: `how` and `why` as the commit told them, MR_SENT_BACK if no
 * record is to blame for all one knows. */
void mr_blame_note(struct mr_blame *blame, enum mr_sent how, const char *why);
/* Nothing may be written to the topic: marks every record to it as refused. */
void mr_blame_topic(const struct mr_partitions *partitions, const char *topic, const char *why);
/* The transaction is aborted: moves the jobs to blame, which are not finished any more, to `list`.
 * Returns true if the next transaction differs from this one, so that it may begin at once. */
bool mr_blame_find(struct mr_blame *blame, const struct mr_batch *batch,
                   const struct mr_partitions *partitions, struct mr_job_list *list);
/* A transaction of that many jobs is committed. */
void mr_blame_committed(struct mr_blame *blame, size_t jobs);
/* Returns how many jobs the next transaction may have, `most` at most. */
size_t mr_blame_limit(const struct mr_blame *blame, size_t most);
void mr_blame_free(struct mr_blame *blame);

#endif
