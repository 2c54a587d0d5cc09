#include "base/clock.h"
#include "worker/transaction/pending_records.h"
#include "worker/transaction/state.h"

static void on_delivered(void *data, void *opaque, const char *topic, enum mr_sent how,
                         const char *error)
{
    struct mr_transaction *transaction = data;
    struct mr_pending_records *held = opaque;
    (void)topic;
    mr_batch_reported(&transaction->batch, held);
    if (how == MR_SENT) {
        mr_histogram_observe(&transaction->slot->histograms[MR_PUBLISH_DURATION],
                             mr_clock_ns() - held->sent);
        return;
    }
    mr_batch_undelivered(&transaction->batch, held, how, error);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_transaction *transaction = data;
    transaction->events->troubled(transaction->data, unreachable, text);
}

static bool on_returned(void *data, void *opaque, const struct mr_outgoing *record,
                        enum mr_sent how, const char *error)
{
    struct mr_transaction *transaction = data;
    (void)record;
    return mr_batch_suspect(&transaction->batch, opaque, how, error);
}

static bool on_unknown(void *data, void *opaque, const struct mr_outgoing *record, enum mr_sent how,
                       const char *error)
{
    struct mr_transaction *transaction = data;
    (void)record;
    if (!mr_batch_doubt(&transaction->batch, opaque, how))
        return false;
    mr_batch_reported(&transaction->batch, opaque);
    mr_batch_undelivered(&transaction->batch, opaque, MR_SENT_BACK, error);
    return true;
}

static void on_forbidden(void *data, const char *topic, const char *error)
{
    struct mr_transaction *transaction = data;
    transaction->batch.failing = transaction->batch.spoilt = true;
    mr_culprit_topic(transaction->partitions, topic, error);
}

const struct mr_producer_events mr_transaction_reports = {
    .delivered = on_delivered,
    .troubled = on_troubled,
    .returned = on_returned,
    .unknown = on_unknown,
    .forbidden = on_forbidden,
};
