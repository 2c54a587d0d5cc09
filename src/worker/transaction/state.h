/* The state that the files of a worker's transactions share; no other file uses it. Each of these
 * files may call those below it:
 * - transaction.c takes the turns.
 * - ending.c ends a transaction.
 * - renewal.c replaces the producer.
 * - reports.c handles the producer's reports.
 * - intake.c lets jobs enter.
 * - transaction_state.c makes the moves between states. */
#ifndef MR_WORKER_TRANSACTION_STATE_H
#define MR_WORKER_TRANSACTION_STATE_H

#include "worker/transaction/background.h"
#include "worker/transaction/batch.h"
#include "worker/transaction/culprit.h"
#include "worker/transaction/scout.h"
#include "worker/transaction/stall.h"
#include "worker/transaction/transaction.h"
#include "worker/transaction/transaction_state.h"
#include "worker/transaction/trouble.h"
#include "worker/transaction/txn_producer.h"

struct mr_transaction {
    struct mr_timers *timers;
    struct mr_slot *slot;
    struct mr_partitions *partitions;
    const struct mr_transaction_events *events;
    void *data;
    struct mr_txn_producer via;
    uint64_t interval;
    size_t most;
    enum mr_transaction_state state;
    struct mr_batch batch;
    struct mr_background steps;
    struct mr_culprit blame;
    struct mr_trouble trouble;
    struct mr_scout scout;
    struct mr_doubts doubts;
    bool answered;        /* a doubt about a topic may be over */
    struct mr_timer look; /* when to look for leaders next */
    bool probing;         /* this transaction has only jobs in trouble */
    bool probed;          /* the transaction before was such a probe */
    struct mr_stall stall;
    uint64_t ends;      /* ms, when the transaction is committed even with few jobs */
    bool elsewhere;     /* the next transaction must have another id */
    unsigned aborts;    /* in a row */
    unsigned renewals;  /* in a row */
    uint64_t began;     /* ms, when the first job entered the transaction */
    uint64_t renewable; /* ms, when the failed producer may be replaced */
    bool reachable;     /* a broker answers */
    struct mr_timer timer;
};

/* intake.c: lets finished jobs enter, or drops them. */
void mr_transaction_look(struct mr_transaction *transaction);
/* intake.c: returns true if the transaction has as many jobs as it may. */
bool mr_transaction_is_full(const struct mr_transaction *transaction);
/* intake.c: sets how long a commit waits for its records. */
void mr_transaction_set_patience(struct mr_transaction *transaction);
/* intake.c: makes the worker take a turn at `ms`. */
void mr_transaction_wake_at(struct mr_transaction *transaction, uint64_t ms);
/* reports.c: handles the producer's reports, with the transaction as data. */
extern const struct mr_producer_events mr_transaction_reports;
/* renewal.c: makes the producer and opens the first transaction. Returns 0, or -1 with errors. */
int mr_transaction_open(struct mr_transaction *transaction, struct mr_errors *errors);
/* renewal.c: replaces the producer as soon as nobody needs the old one. The new one ends the open
 * transaction when it opens; then late requests of the old one are refused. The batch stays as it
 * is until its outcome is known. */
void mr_transaction_begin_renewal(struct mr_transaction *transaction);
void mr_transaction_renew(struct mr_transaction *transaction); /* if the time has come */
/* renewal.c: each logs the reason and begins a renewal. */
void mr_transaction_replace_failed(struct mr_transaction *transaction, const char *why);
void mr_transaction_replace_unclear(struct mr_transaction *transaction, const char *what);
/* Begins a renewal under another id. Kafka was not asked to commit the transaction, so it is
 * aborted in any case. */
void mr_transaction_replace_elsewhere(struct mr_transaction *transaction, const char *why);
/* renewal.c: returns for how many ms to rest after so many failures in a row; 0 after the first. */
uint64_t mr_transaction_rest_after(unsigned failures);
/* renewal.c: ends all transactions for good, and calls `failed`. */
void mr_transaction_fail(struct mr_transaction *transaction, bool fenced, const char *why);
/* ending.c: aborts the transaction; for `how` and `why` see culprit.h. */
void mr_transaction_abort(struct mr_transaction *transaction, enum mr_sent how, const char *why);
/* ending.c: handles the end of a step; it is the `over` of the steps. */
void mr_transaction_over(void *data, enum mr_background_kind kind, const struct mr_step_end *end);

#endif
