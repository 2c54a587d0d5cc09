/* The jobs of one transaction. A job enters when it has finished, in the order of its partition's
 * line; then its records are sent. All jobs leave together when the transaction is committed. If it
 * is aborted, they go back to their lines. */
#ifndef MR_WORKER_TRANSACTION_BATCH_H
#define MR_WORKER_TRANSACTION_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "kafka/producer.h"
#include "worker/consumer/partitions.h"
#include "worker/producer/careful.h"
#include "worker/producer/doubts.h"
#include "worker/transaction/pending_records.h"

/* {0} is empty. */
struct mr_batch {
    struct mr_producer *producer; /* set, as are the next two, before the first job enters */
    const struct mr_careful *careful;
    struct mr_doubts *doubts;
    struct mr_partition *members; /* partitions that have jobs in it, linked by `together` */
    size_t jobs;
    struct mr_pending_records *unsent; /* the first record that waits for room, or for `single` */
    struct mr_pending_records *single; /* the record that was sent alone and is not reported yet */
    bool failing;                      /* the transaction can only be aborted */
    bool spoilt;                       /* and its producer is of no use after the abort */
    bool doubting;                     /* the topic of one of its records is in doubt */
};

/* Takes in the next job of the partition's line, and sends its records. */
void mr_batch_enter(struct mr_batch *batch, struct mr_partition *partition);
/* Sends the records that wait, until one has to wait again. */
void mr_batch_send(struct mr_batch *batch);
/* Notes that a record is reported, delivered or not. */
void mr_batch_reported(struct mr_batch *batch, struct mr_pending_records *held);
/* Notes that a record was refused with its batch. Returns false if the record had been sent alone.
 * The producer is spoilt: it lacks the batch's sequence numbers from then on. */
bool mr_batch_suspect(struct mr_batch *batch, struct mr_pending_records *held, enum mr_sent how,
                      const char *why);
/* Notes that a record was not delivered. `how` is MR_SENT_BACK if no record is to blame, else how
 * this one was refused. */
void mr_batch_undelivered(struct mr_batch *batch, struct mr_pending_records *held, enum mr_sent how,
                          const char *why);
/* Checks the refusal of a record. Returns true if it is in doubt: then no record is to blame. The
 * job must stay out of transactions until the doubt is over. */
bool mr_batch_doubt(struct mr_batch *batch, const struct mr_pending_records *held,
                    enum mr_sent how);
/* Returns true if a record of the job is for a topic that is in doubt. */
bool mr_batch_doubts(const struct mr_batch *batch, const struct mr_job *job);
/* Calls `each` for every record of its jobs. */
void mr_batch_each(const struct mr_batch *batch,
                   void (*each)(void *data, struct mr_pending_records *held), void *data);
/* Marks the transaction as failing if one of its partitions was revoked. */
void mr_batch_revoked(struct mr_batch *batch);
/* Returns true if the transaction should not wait for more jobs. That is so if one of its
 * partitions is full, or the worker is crowded, so that it takes no messages before the commit. It
 * is also so if one of its partitions is to be given back. */
bool mr_batch_awaited(const struct mr_batch *batch);
/* Empties the batch after a commit. Calls `left` for each job, which has already left its line. */
void mr_batch_leave(struct mr_batch *batch, void (*left)(void *data, struct mr_job *job),
                    void *data);
/* Empties the batch after an abort: its jobs are in their lines as if they had not entered. */
void mr_batch_rewind(struct mr_batch *batch);

#endif
