/* The producer of a worker's transactions, under an id that is the worker's alone. Whoever opens
 * transactions under an id ends what its last owner left open, so a producer that fails for good is
 * replaced in place.
 * Kafka begins no transaction under an id before each partition of the one before has its mark, for
 * which it waits until that has a leader, and enough replicas in step. So an id is left when its
 * transaction was aborted for such a partition, and another one taken. */
#ifndef MR_WORKER_TRANSACTION_TXN_PRODUCER_H
#define MR_WORKER_TRANSACTION_TXN_PRODUCER_H

#include <stdbool.h>
#include <uv.h>

#include "base/claim.h"
#include "base/errors.h"
#include "config/config.h"
#include "kafka/producer.h"
#include "worker/producer/topic_warmup.h"

enum { MR_LEFT_IDS = 64 };

struct mr_transactional {
    const struct mr_config *config; /* set, as are the next two, before it is opened */
    uv_loop_t *loop;
    int wake_fd;
    struct mr_claim claim;
    struct mr_claim left[MR_LEFT_IDS]; /* nobody is to take these meanwhile */
    size_t left_count;
    struct mr_producer *producer; /* NULL until it is opened */
    struct mr_warmup warmup;      /* closed, where the producer is new */
};

/* Makes the producer; or another one in its place, when nothing of it is outstanding and its
 * warming up asks nothing. Returns 0, or -1 with errors, and then there is none. */
int mr_transactional_open(struct mr_transactional *transactional,
                          const struct mr_producer_events *events, void *data,
                          struct mr_errors *errors);
/* The next producer has another id. No commit of this one's transaction was asked for, or its end
 * is known. */
void mr_transactional_leave(struct mr_transactional *transactional, const char *why);
/* What kept transactions from their ends is over: the ids that were left may be taken. */
void mr_transactional_forgive(struct mr_transactional *transactional);
/* Gives up what is outstanding. The loop must have run until nothing is asked any more. */
void mr_transactional_free(struct mr_transactional *transactional);

#endif
