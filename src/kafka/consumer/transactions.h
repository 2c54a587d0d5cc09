/* Transactions of a producer made for them: the records sent and the offsets consumed between a
 * begin and a commit come to be together or not at all. The steps wait for brokers, so a worker
 * takes them on libuv's pool, one at a time; the producer is polled meanwhile. */
#ifndef MR_KAFKA_CONSUMER_TRANSACTIONS_H
#define MR_KAFKA_CONSUMER_TRANSACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/consumer/consumer.h"
#include "kafka/producer.h"

/* Offsets of one consumer that a transaction commits. */
struct mr_offsets;

/* For the consumer as a member of its group, now; from the thread that polls it. */
struct mr_offsets *mr_offsets_new(const struct mr_consumer *consumer);
/* Everything up to `next`, exclusive, is done. */
void mr_offsets_add(struct mr_offsets *offsets, const char *topic, int32_t partition, int64_t next);
void mr_offsets_free(struct mr_offsets *offsets);

enum mr_step {
    MR_STEP_DONE,
    MR_STEP_AGAIN, /* not yet: take it again */
    MR_STEP_ABORT, /* the transaction has failed: abort it */
    MR_STEP_FATAL, /* the producer is of no more use */
};

struct mr_step_end {
    enum mr_step step;
    bool fenced;         /* FATAL: another producer has its id, or the transaction timed out */
    bool unclear;        /* see mr_transactions_commit */
    bool committed;      /* of mr_transactions_ask */
    bool unacknowledged; /* AGAIN of a commit: not all records are; it may still be aborted */
    enum mr_sent
        how; /* ABORT: REFUSED and its kin where a record is to blame, BACK where none is */
    char why[512];
};

/* Each waits `timeout` ms at most. Opening takes the id, ends what its previous owner left open,
 * and begins the first transaction. A commit waits for the reports of all records, adds the
 * offsets, and commits. A commit and an abort begin the next transaction, unless the end is
 * `unclear`:
 * - DONE: some request of the transaction was never answered. It may arrive later, and would then
 *   end, or add to, any transaction that the same producer has open. The producer must not begin
 *   another transaction: a new one with its id must take its place, whose requests alone are
 *   accepted.
 * - ABORT or FATAL: the commit was asked for, so it may have been done. A new producer with the id
 *   ends what is open; mr_transactions_ask then says which it was. */
void mr_transactions_open(const struct mr_producer *via, int timeout, struct mr_step_end *end);
void mr_transactions_commit(const struct mr_producer *via, struct mr_offsets *const *offsets,
                            size_t count, int timeout, struct mr_step_end *end);
void mr_transactions_abort(const struct mr_producer *via, int timeout, struct mr_step_end *end);
/* Says whether the transaction that was to commit these offsets, by the producer before this one,
 * is committed; DONE or AGAIN. */
void mr_transactions_ask(const struct mr_producer *via, struct mr_offsets *const *offsets,
                         size_t count, int timeout, struct mr_step_end *end);

#endif
