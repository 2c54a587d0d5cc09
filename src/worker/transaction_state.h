/* What the two rooms of a worker's transactions share: how jobs come into one (transaction.c) and
 * how it ends (transaction_end.c); seen nowhere else. */
#ifndef MR_WORKER_TRANSACTION_STATE_H
#define MR_WORKER_TRANSACTION_STATE_H

#include "worker/batch.h"
#include "worker/blame.h"
#include "worker/scout.h"
#include "worker/stall.h"
#include "worker/steps.h"
#include "worker/transaction.h"
#include "worker/transactional.h"
#include "worker/trouble.h"

enum mr_transaction_state {
    MR_TRANSACTION_OFF,
    MR_TRANSACTION_BUSY,     /* a step is taken; finished jobs gather in their lines */
    MR_TRANSACTION_OPEN,     /* jobs enter */
    MR_TRANSACTION_RESTING,  /* for a moment after repeated aborts */
    MR_TRANSACTION_RENEWING, /* its producer has failed for good: as soon as nobody needs it */
    MR_TRANSACTION_FAILED,
};

struct mr_transaction {
    struct mr_timers *timers;
    struct mr_slot *slot;
    struct mr_partitions *partitions;
    const struct mr_transaction_events *events;
    void *data;
    struct mr_transactional via;
    uint64_t interval;
    size_t most;
    enum mr_transaction_state state;
    struct mr_batch batch;
    struct mr_steps steps;
    struct mr_blame blame;
    struct mr_trouble trouble;
    struct mr_scout scout;
    struct mr_timer look; /* when leaders are looked for */
    bool probing;         /* this transaction is of jobs in trouble alone */
    bool probed;          /* the one before was */
    struct mr_stall stall;
    uint64_t ends;      /* ms, when it is committed however few its jobs are */
    bool elsewhere;     /* the next one is to have another id */
    unsigned aborts;    /* in a row */
    unsigned renewals;  /* in a row */
    uint64_t began;     /* ms, when the first job entered it */
    uint64_t renewable; /* ms, when the failed producer may be replaced */
    bool reachable;     /* a broker answers */
    struct mr_timer timer;
};

/* transaction.c: what is finished enters, or goes. */
void mr_transaction_look(struct mr_transaction *transaction);
/* transaction.c: how long the commit waits for records. */
void mr_transaction_set_patience(struct mr_transaction *transaction);
/* transaction.c: a turn is taken then. */
void mr_transaction_wake_at(struct mr_transaction *transaction, uint64_t ms);
/* transaction_end.c: makes the producer and opens the first transaction. Returns 0, or -1 with
 * errors. */
int mr_transaction_open(struct mr_transaction *transaction, struct mr_errors *errors);
/* transaction_end.c: the failed producer goes as soon as nobody needs it, and another opens. */
void mr_transaction_renew(struct mr_transaction *transaction);
/* transaction_end.c: of `how` and `why` see blame.h. */
void mr_transaction_abort(struct mr_transaction *transaction, enum mr_sent how, const char *why);
/* transaction_end.c: for the steps. */
void mr_transaction_over(void *data, enum mr_steps_kind kind, const struct mr_step_end *end);

#endif
