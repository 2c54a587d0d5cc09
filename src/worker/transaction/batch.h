/* The jobs of one transaction. They enter when they have finished, each partition's in the order of
 * its line, and their records are sent; they leave together when it is committed, or go back to
 * their lines when it is aborted. */
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
    struct mr_partition *members; /* have jobs in it; by `together` */
    size_t jobs;
    struct mr_held *unsent; /* the first record that waits: for room, or for `single` */
    struct mr_held *single; /* sent alone, and not reported yet */
    bool failing;           /* it can only be aborted */
    bool spoilt;            /* and its producer is of no use after that */
    bool doubting;          /* the topic of a record of it is in doubt */
};

/* The next job of the partition's line enters. */
void mr_batch_enter(struct mr_batch *batch, struct mr_partition *partition);
/* Goes on with what waits. */
void mr_batch_send(struct mr_batch *batch);
/* A record is reported, whatever became of it. */
void mr_batch_reported(struct mr_batch *batch, struct mr_held *held);
/* A batch of records was refused that this one was in. Returns false if it was in it alone. The
 * producer lacks their sequence numbers from then on. */
bool mr_batch_suspect(struct mr_batch *batch, struct mr_held *held, enum mr_sent how,
                      const char *why);
/* A record was not delivered: back where nobody is to blame, else refused. */
void mr_batch_undelivered(struct mr_batch *batch, struct mr_held *held, enum mr_sent how,
                          const char *why);
/* A record is refused, or was not delivered. Returns true when that is in doubt: nobody is to blame
 * then, and its job is to stay out of transactions until the doubt is over. */
bool mr_batch_doubt(struct mr_batch *batch, const struct mr_held *held, enum mr_sent how);
/* True when a record of the job is for a topic that is in doubt. */
bool mr_batch_doubts(const struct mr_batch *batch, const struct mr_job *job);
/* Calls `each` with every record of its jobs. */
void mr_batch_each(const struct mr_batch *batch, void (*each)(void *data, struct mr_held *held),
                   void *data);
/* Fails where a partition of it has been taken away. */
void mr_batch_revoked(struct mr_batch *batch);
/* Waiting for more is of no use to a partition that takes no more before this is committed, or is
 * to be given back. */
bool mr_batch_awaited(const struct mr_batch *batch);
/* Committed: empties it and tells of each job, which has left its line. */
void mr_batch_leave(struct mr_batch *batch, void (*left)(void *data, struct mr_job *job),
                    void *data);
/* Aborted: empties it, none of its jobs has entered. */
void mr_batch_rewind(struct mr_batch *batch);

#endif
