/* The producer of a worker's transactions, under a transactional id that no other worker has. A
 * producer that opens an id ends the transaction that the id's last owner left open. So if a
 * producer fails for good, another replaces it under the same id.
 *
 * At the end of a transaction Kafka writes a mark to each of its partitions. Until all marks are
 * written, Kafka begins no other transaction under that id. A mark waits until its partition has a
 * leader, and enough replicas in step. So if a transaction is aborted because of such a partition,
 * the worker leaves the id and takes another. */
#ifndef MR_WORKER_TRANSACTION_TXN_PRODUCER_H
#define MR_WORKER_TRANSACTION_TXN_PRODUCER_H

#include <stdbool.h>
#include <uv.h>

#include "base/errors.h"
#include "base/machine/claim.h"
#include "config/config.h"
#include "kafka/producer.h"
#include "worker/producer/topic_warmup.h"

enum { MR_LEFT_IDS = 64 };

struct mr_txn_producer {
    const struct mr_config *config; /* set, as are the next two, before the producer is opened */
    uv_loop_t *loop;
    int wake_fd;
    struct mr_claim claim;
    struct mr_claim left[MR_LEFT_IDS]; /* nobody may take these yet */
    size_t left_count;
    struct mr_producer *producer;  /* NULL until it is opened */
    struct mr_topic_warmup warmup; /* closed when the producer is new */
};

/* Makes the producer, or another one in its place. Then no record of the old one may be
 * outstanding, and its warm-up may ask nothing. Returns 0, or -1 with errors and without a
 * producer. */
int mr_txn_producer_open(struct mr_txn_producer *transactional,
                         const struct mr_producer_events *events, void *data,
                         struct mr_errors *errors);
/* Gives the next producer another id. Kafka must not have been asked to commit this one's
 * transaction, unless its end is known. */
void mr_txn_producer_leave(struct mr_txn_producer *transactional, const char *why);
/* Releases the ids that were left, because no partition keeps their transactions from ending any
 * more. */
void mr_txn_producer_forgive(struct mr_txn_producer *transactional);
/* Abandons outstanding records, and frees all. First the loop must have run until no question is
 * under way. */
void mr_txn_producer_free(struct mr_txn_producer *transactional);

#endif
