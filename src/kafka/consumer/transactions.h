/* Transactions of a transactional producer. The records sent and the offsets consumed between begin
 * and commit become visible together, or not at all. The steps wait for brokers, so a worker takes
 * them on libuv's pool, one at a time. Poll the producer meanwhile. */
#ifndef MR_KAFKA_CONSUMER_TRANSACTIONS_H
#define MR_KAFKA_CONSUMER_TRANSACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/consumer/consumer.h"
#include "kafka/producer.h"

/* Offsets of one consumer, to be committed by a transaction. */
struct mr_offsets;

/* Begins a list for the consumer's present membership. Call it in the thread that polls the
 * consumer. */
struct mr_offsets *mr_offsets_new(const struct mr_consumer *consumer);
/* Adds `next`: all earlier messages of the partition are done. */
void mr_offsets_add(struct mr_offsets *offsets, const char *topic, int32_t partition, int64_t next);
void mr_offsets_free(struct mr_offsets *offsets);

enum mr_step {
    MR_STEP_DONE,
    MR_STEP_AGAIN, /* not finished: take the step again */
    MR_STEP_ABORT, /* the transaction has failed: abort it */
    MR_STEP_FATAL, /* the producer cannot be used any more */
};

struct mr_step_end {
    enum mr_step step;
    bool fenced;         /* FATAL: another producer has its id, or the transaction timed out */
    bool unclear;        /* see mr_transactions_commit */
    bool committed;      /* set by mr_transactions_ask */
    bool unacknowledged; /* AGAIN of a commit: not all records are; it can still be aborted */
    enum mr_sent how;    /* ABORT: REFUSED or the like if a record is to blame, else BACK */
    char why[512];
};

/* Takes a step, and waits at most `timeout` ms. Opening takes the id, ends an open transaction of
 * its previous owner, and begins the first transaction. A commit waits for the reports of all
 * records, adds the offsets, and commits. A commit and an abort begin the next transaction, unless
 * the end is `unclear`:
 * - DONE: some request of the transaction was never answered. It may arrive later, and end any
 * transaction that the producer then has open, or add to it. This producer must not begin another
 * transaction. Replace it by a new one with its id: brokers then accept only the new producer's
 * requests.
 * - ABORT or FATAL: the commit was requested, so it may have happened. A new producer with the id
 * ends an open transaction; mr_transactions_ask then says whether it was committed. */
void mr_transactions_open(const struct mr_producer *via, int timeout, struct mr_step_end *end);
void mr_transactions_commit(const struct mr_producer *via, struct mr_offsets *const *offsets,
                            size_t count, int timeout, struct mr_step_end *end);
void mr_transactions_abort(const struct mr_producer *via, int timeout, struct mr_step_end *end);
/* Asks whether the transaction with these offsets, of the previous producer, is committed. The
 * result is DONE or AGAIN. */
void mr_transactions_ask(const struct mr_producer *via, struct mr_offsets *const *offsets,
                         size_t count, int timeout, struct mr_step_end *end);

#endif
