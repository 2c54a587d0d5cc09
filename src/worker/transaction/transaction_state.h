/* The life of a worker's transactions, in one table. There is one transaction at a time, and its
 * producer serves one after the other. */
#ifndef MR_WORKER_TRANSACTION_TRANSACTION_STATE_H
#define MR_WORKER_TRANSACTION_TRANSACTION_STATE_H

#include <stdbool.h>

/* X(state, the states that may follow).
 *
 * State, meaning:
 *
 * - OFF       no route delivers exactly once (yet): there is no producer
 * - BUSY      a step is under way, and finished jobs gather in their lines; if a commit fails, the
 *             abort follows at once
 * - OPEN      jobs enter
 * - RESTING   waits a moment after repeated aborts
 * - RENEWING  its producer is replaced as soon as nobody needs it
 * - FAILED    abandoned for good, by a failure or because the worker stops, or by both */
#define MR_TRANSACTION_STATE_TABLE(X)                                                              \
    X(OFF, MR_TRANSACTION_IN(BUSY) | MR_TRANSACTION_IN(FAILED))                                    \
    X(BUSY, MR_TRANSACTION_IN(BUSY) | MR_TRANSACTION_IN(OPEN) | MR_TRANSACTION_IN(RESTING) |       \
                MR_TRANSACTION_IN(RENEWING) | MR_TRANSACTION_IN(FAILED))                           \
    X(OPEN, MR_TRANSACTION_IN(BUSY) | MR_TRANSACTION_IN(FAILED))                                   \
    X(RESTING, MR_TRANSACTION_IN(OPEN) | MR_TRANSACTION_IN(FAILED))                                \
    X(RENEWING, MR_TRANSACTION_IN(BUSY) | MR_TRANSACTION_IN(FAILED))                               \
    X(FAILED, MR_TRANSACTION_IN(FAILED))

#define MR_TRANSACTION_IN(state) (1U << MR_TRANSACTION_##state)

enum mr_transaction_state {
    MR_TRANSACTION_OFF,
    MR_TRANSACTION_BUSY,
    MR_TRANSACTION_OPEN,
    MR_TRANSACTION_RESTING,
    MR_TRANSACTION_RENEWING,
    MR_TRANSACTION_FAILED,
    MR_TRANSACTION_STATES
};

struct mr_transaction;

bool mr_transaction_may_become(enum mr_transaction_state from, enum mr_transaction_state to);
/* Changes the state; nothing else does. Panics if the table does not allow the move. */
void mr_transaction_become(struct mr_transaction *transaction, enum mr_transaction_state next);

#endif
