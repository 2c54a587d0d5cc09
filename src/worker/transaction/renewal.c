#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "worker/transaction/state.h"

enum {
    SHORTEST_REST_MS = 50, /* after a second abort in a row; doubles */
    LONGEST_REST_MS = 1000,
    RENEWAL_MS = 20, /* between two checks whether the old producer may go */
};

uint64_t mr_transaction_rest_after(unsigned failures)
{
    return mr_backoff_after(failures > 0 ? failures - 1 : 0, SHORTEST_REST_MS, LONGEST_REST_MS);
}

void mr_transaction_fail(struct mr_transaction *transaction, bool fenced, const char *why)
{
    mr_transaction_abandon(transaction);
    transaction->events->failed(transaction->data, fenced, why);
}

void mr_transaction_begin_renewal(struct mr_transaction *transaction)
{
    transaction->elsewhere = false;
    mr_transaction_become(transaction, MR_TRANSACTION_RENEWING);
    transaction->renewable = mr_clock_ms() + mr_transaction_rest_after(++transaction->renewals);
    transaction->batch.unsent = NULL;
    mr_topic_warmup_open(&transaction->via.warmup, false);
    mr_producer_drop(transaction->via.producer);
    mr_transaction_wake_at(transaction, transaction->renewable);
}

void mr_transaction_replace_failed(struct mr_transaction *transaction, const char *why)
{
    mr_log(MR_LOG_ERROR, "transactions_failed", MR_S("message", why),
           MR_S("then", "another producer"));
    mr_transaction_begin_renewal(transaction);
}

void mr_transaction_replace_elsewhere(struct mr_transaction *transaction, const char *why)
{
    mr_txn_producer_leave(&transaction->via, why);
    mr_transaction_begin_renewal(transaction);
}

void mr_transaction_replace_unclear(struct mr_transaction *transaction, const char *what)
{
    mr_log(
        MR_LOG_WARN, "transaction_end_unclear",
        MR_S("message",
             "a broker did not answer a request of the transaction; the request may still arrive"),
        MR_S("outcome", what), MR_S("then", "another producer"));
    mr_transaction_begin_renewal(transaction);
}

int mr_transaction_open(struct mr_transaction *transaction, struct mr_errors *errors)
{
    struct mr_txn_producer *via = &transaction->via;
    bool had = via->producer != NULL;
    bool has = mr_txn_producer_open(via, &mr_transaction_reports, transaction, errors) == 0;
    mr_cell_add(&transaction->slot->gauges[MR_ACTIVE_PRODUCERS], (uint64_t)has - had);
    transaction->batch.producer = transaction->steps.producer = via->producer;
    if (!has)
        return -1;
    mr_topic_warmup_open(&via->warmup, transaction->reachable);
    transaction->blame.compressed = mr_producer_compresses(via->producer);
    mr_transaction_become(transaction, MR_TRANSACTION_BUSY);
    mr_background_open(&transaction->steps);
    return 0;
}

void mr_transaction_renew(struct mr_transaction *transaction)
{
    struct mr_errors errors = {0};
    uint64_t now = mr_clock_ms();
    if (now < transaction->renewable)
        mr_transaction_wake_at(transaction, transaction->renewable);
    else if (transaction->via.warmup.asking > 0)
        mr_transaction_wake_at(transaction, now + RENEWAL_MS);
    else if (mr_transaction_open(transaction, &errors) != 0)
        mr_transaction_fail(transaction, false, mr_errors_text(&errors));
    mr_errors_free(&errors);
}
