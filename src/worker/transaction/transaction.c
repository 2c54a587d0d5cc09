/* Design: a finished job waits in its partition's line, and enters the open transaction in the
 * order of that line. Its records are sent at once. When the transaction is full, old or hurried, a
 * step on libuv's pool (background.c) commits it. After a commit the jobs leave; after an abort
 * they return to their lines, except those whose records are to blame (culprit.c). If the producer
 * has failed or the outcome is unclear, another producer with the same id takes over and asks for
 * the outcome (renewal.c). Jobs whose output topic is in trouble stay out, and are tried in
 * transactions of their own (trouble.c). Only the loop changes this state; a step reports to the
 * loop when it is over. */
#include "worker/transaction/state.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"

static void on_stirred(void *data)
{
    struct mr_transaction *transaction = data;
    transaction->events->stirred(transaction->data);
}

static void end_when_due(struct mr_transaction *transaction, bool hurry)
{
    const struct mr_batch *batch = &transaction->batch;
    if (batch->jobs == 0 || batch->unsent != NULL)
        return;
    if (!hurry && !transaction->probing && !mr_transaction_is_full(transaction) &&
        mr_clock_ms() < transaction->ends && !mr_batch_awaited(batch)) {
        mr_transaction_wake_at(transaction, transaction->ends);
        return;
    }
    mr_transaction_become(transaction, MR_TRANSACTION_BUSY);
    mr_transaction_set_patience(transaction);
    mr_background_commit(&transaction->steps, batch->members);
}

static void watch(struct mr_transaction *transaction)
{
    bool idle = transaction->state == MR_TRANSACTION_FAILED ||
                (transaction->state == MR_TRANSACTION_OPEN && transaction->batch.jobs == 0);
    const char *waits = transaction->steps.waits;
    mr_stall_look(&transaction->stall, transaction->slot, !idle, transaction->trouble.count > 0,
                  waits[0] != '\0' ? waits : "a broker does not answer", mr_clock_ms());
}

static void on_found(void *data, const char *topic, enum mr_led led)
{
    struct mr_transaction *transaction = data;
    mr_trouble_seen(&transaction->trouble, topic, led, mr_clock_ms());
    on_stirred(transaction);
}

static void on_answered(void *data)
{
    struct mr_transaction *transaction = data;
    transaction->answered = true;
    on_stirred(transaction);
}

static void on_due(struct mr_timer *timer)
{
    (void)timer; /* the turn that ran the timer does the rest */
}

static void look_for_leaders(struct mr_transaction *transaction)
{
    uint64_t now = mr_clock_ms();
    const char *topic = mr_trouble_unseen(&transaction->trouble, now);
    if (topic != NULL)
        mr_scout_ask(&transaction->scout, topic);
    else if (mr_trouble_next(&transaction->trouble) > now)
        mr_timers_arm(transaction->timers, &transaction->look,
                      mr_trouble_next(&transaction->trouble), on_due);
}

void mr_transaction_poll(struct mr_transaction *transaction, bool hurry)
{
    if (transaction->via.producer == NULL)
        return;
    watch(transaction);
    look_for_leaders(transaction);
    mr_producer_poll(transaction->via.producer);
    if (transaction->state == MR_TRANSACTION_RENEWING)
        mr_transaction_renew(transaction);
    if (transaction->state != MR_TRANSACTION_OPEN)
        return;
    if (transaction->batch.unsent != NULL) {
        mr_batch_send(&transaction->batch);
        mr_transaction_look(transaction);
    }
    if (transaction->answered || (transaction->batch.jobs == 0 && transaction->trouble.count > 0)) {
        transaction->answered = false;
        mr_transaction_look(transaction);
    }
    if (transaction->batch.failing)
        mr_transaction_abort(transaction, MR_SENT_BACK,
                             "a record or a partition of the transaction is lost");
    else
        end_when_due(transaction, hurry);
}

struct mr_transaction *mr_transaction_new(const struct mr_config *config, uv_loop_t *loop,
                                          int wake_fd, struct mr_timers *timers,
                                          struct mr_slot *slot, struct mr_partitions *partitions,
                                          const struct mr_transaction_events *events, void *data)
{
    struct mr_transaction *transaction = mr_alloc(sizeof(*transaction));
    transaction->via = (struct mr_txn_producer){.config = config, .loop = loop, .wake_fd = wake_fd};
    transaction->batch.careful = &transaction->blame.careful;
    transaction->scout = (struct mr_scout){
        .warmup = &transaction->via.warmup, .found = on_found, .data = transaction};
    mr_doubts_start(&transaction->doubts, &transaction->via.warmup, timers, on_answered,
                    transaction);
    transaction->batch.doubts = &transaction->doubts;
    transaction->timers = timers;
    transaction->slot = slot;
    transaction->partitions = partitions;
    transaction->events = events;
    transaction->data = data;
    transaction->interval = (uint64_t)mr_config_integer(config, "transaction.interval");
    transaction->most = (size_t)mr_config_integer(config, "transaction.messages");
    transaction->steps = (struct mr_background){.loop = loop,
                                                .timers = timers,
                                                .over = mr_transaction_over,
                                                .stirred = on_stirred,
                                                .data = transaction};
    return transaction;
}

int mr_transaction_want(struct mr_transaction *transaction, struct mr_errors *errors)
{
    return transaction->via.producer != NULL ? 0 : mr_transaction_open(transaction, errors);
}

/* Returns true if there is a producer that stays for now, so that questions may be asked through
 * it. */
static bool may_ask(const struct mr_transaction *transaction)
{
    return transaction->state == MR_TRANSACTION_BUSY || transaction->state == MR_TRANSACTION_OPEN ||
           transaction->state == MR_TRANSACTION_RESTING;
}

void mr_transaction_reachable(struct mr_transaction *transaction, bool reachable)
{
    transaction->reachable = reachable;
    mr_transaction_set_patience(transaction);
    mr_topic_warmup_open(&transaction->via.warmup, reachable && may_ask(transaction));
}

void mr_transaction_stop(struct mr_transaction *transaction)
{
    mr_timers_cancel(transaction->timers, &transaction->timer);
    mr_timers_cancel(transaction->timers, &transaction->look);
    mr_background_stop(&transaction->steps);
    mr_doubts_stop(&transaction->doubts);
    mr_topic_warmup_open(&transaction->via.warmup, false);
}

void mr_transaction_free(struct mr_transaction *transaction)
{
    MR_ASSERT(transaction->batch.jobs == 0);
    mr_background_free(&transaction->steps);
    mr_txn_producer_free(&transaction->via);
    mr_culprit_free(&transaction->blame);
    mr_trouble_free(&transaction->trouble);
    mr_doubts_free(&transaction->doubts);
    free(transaction);
}
