/* What the rooms of a worker's transactions share: each may call those below it. transaction.c
 * takes the turns; transaction_end.c ends one; transaction_renewal.c replaces the producer;
 * transaction_reports.c hears the producer's reports; transaction_intake.c has jobs enter. Seen
 * nowhere else. */
#ifndef MR_WORKER_TRANSACTION_STATE_H
#define MR_WORKER_TRANSACTION_STATE_H

#include "worker/transaction/background.h"
#include "worker/transaction/batch.h"
#include "worker/transaction/culprit.h"
#include "worker/transaction/scout.h"
#include "worker/transaction/stall.h"
#include "worker/transaction/transaction.h"
#include "worker/transaction/trouble.h"
#include "worker/transaction/txn_producer.h"

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
    struct mr_doubts doubts;
    bool answered;        /* a topic that was in doubt may be so no more */
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

/* transaction_intake.c: what is finished enters, or goes. */
void mr_transaction_look(struct mr_transaction *transaction);
/* transaction_intake.c: it holds as many jobs as it may. */
bool mr_transaction_is_full(const struct mr_transaction *transaction);
/* transaction_intake.c: how long the commit waits for records. */
void mr_transaction_set_patience(struct mr_transaction *transaction);
/* transaction_intake.c: a turn is taken then. */
void mr_transaction_wake_at(struct mr_transaction *transaction, uint64_t ms);
/* transaction_reports.c: what the producer reports, with the transaction as its data. */
extern const struct mr_producer_events mr_transaction_reports;
/* transaction_renewal.c: makes the producer and opens the first transaction. Returns 0, or -1 with
 * errors. */
int mr_transaction_open(struct mr_transaction *transaction, struct mr_errors *errors);
/* transaction_renewal.c: another producer takes the place of this one as soon as nobody needs that.
 * Its opening ends what is open, and has what may still arrive of the other's requests refused. The
 * batch stays as it is until it is known what came of it. */
void mr_transaction_begin_renewal(struct mr_transaction *transaction);
void mr_transaction_renew(struct mr_transaction *transaction); /* if it is time */
/* transaction_renewal.c: begins a renewal for each of these, which the log tells. */
void mr_transaction_replace_failed(struct mr_transaction *transaction, const char *why);
void mr_transaction_replace_unclear(struct mr_transaction *transaction, const char *what);
/* Under another id. No commit of the transaction was asked for, so whatever becomes of it, it is
 * aborted. */
void mr_transaction_replace_elsewhere(struct mr_transaction *transaction, const char *why);
/* transaction_renewal.c: ms to rest after so many failures in a row; none after the first. */
uint64_t mr_transaction_rest_after(unsigned failures);
/* transaction_renewal.c: there are no transactions any more. */
void mr_transaction_fail(struct mr_transaction *transaction, bool fenced, const char *why);
/* transaction_end.c: of `how` and `why` see blame.h. */
void mr_transaction_abort(struct mr_transaction *transaction, enum mr_sent how, const char *why);
/* transaction_end.c: for the steps. */
void mr_transaction_over(void *data, enum mr_steps_kind kind, const struct mr_step_end *end);

#endif
