#include "worker/transaction_state.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/panic.h"
#include "worker/held.h"

void mr_transaction_hold(struct mr_transaction *transaction, struct mr_job *job,
                         enum mr_purpose purpose, const struct mr_outgoing *record)
{
    mr_warmup_topic(&transaction->via.warmup, record->topic);
    mr_held_add(job, purpose, record);
}

enum {
    PATIENCE_MS = 4000, /* for the records of a transaction to be acknowledged */
    PROBE_MS = 1000,    /* likewise, of one that only tries whether they are again */
};

static void enter(struct mr_transaction *transaction, struct mr_partition *partition)
{
    if (transaction->batch.jobs == 0) {
        transaction->began = mr_clock_ms();
        transaction->ends = transaction->began + transaction->interval;
    }
    mr_batch_enter(&transaction->batch, partition);
}

static bool full(const struct mr_transaction *transaction)
{
    return transaction->batch.jobs >= mr_blame_limit(&transaction->blame, transaction->most);
}

static bool takes(const struct mr_transaction *transaction)
{
    const struct mr_batch *batch = &transaction->batch;
    return transaction->state == MR_TRANSACTION_OPEN && !batch->failing && batch->unsent == NULL &&
           !full(transaction);
}

/* May free the partition, with its last job. */
static void drop_from(struct mr_transaction *transaction, struct mr_partition *partition)
{
    struct mr_job *job;
    while ((job = mr_line_drop(&partition->line)) != NULL) {
        bool last = partition->line.first == NULL;
        mr_held_drop(job);
        transaction->events->left(transaction->data, job);
        if (last)
            return;
    }
}

/* A job in trouble enters a probe alone, and only the first one of its partition. One whose topic
 * is in doubt enters none. */
static bool may_enter(const struct mr_transaction *transaction,
                      const struct mr_partition *partition)
{
    const struct mr_job *job = mr_line_next(&partition->line);
    if (job == NULL || !takes(transaction) || mr_batch_doubts(&transaction->batch, job))
        return false;
    enum mr_trouble_of of = mr_trouble_of(&transaction->trouble, job);
    return transaction->probing ? of == MR_TROUBLE_DUE && partition->line.entered == 0
                                : of == MR_TROUBLE_NONE;
}

/* What is finished enters, or goes. */
static void look(struct mr_transaction *transaction, struct mr_partition *partition)
{
    if (partition->revoked || transaction->state == MR_TRANSACTION_FAILED)
        partition->line.broken = true;
    while (may_enter(transaction, partition))
        enter(transaction, partition);
    drop_from(transaction, partition);
}

static void look_at_all(struct mr_transaction *transaction)
{
    for (struct mr_partition *p = transaction->partitions->all, *next; p != NULL; p = next) {
        next = p->next;
        look(transaction, p);
    }
}

/* Between two probes others have their turn, if there are any. */
static void choose_probe(struct mr_transaction *transaction)
{
    if (transaction->state != MR_TRANSACTION_OPEN || transaction->batch.jobs > 0)
        return;
    transaction->probing = mr_trouble_due(&transaction->trouble) && !transaction->probed;
}

void mr_transaction_look(struct mr_transaction *transaction)
{
    choose_probe(transaction);
    look_at_all(transaction);
    if (transaction->batch.jobs > 0 || (!transaction->probing && !transaction->probed))
        return;
    transaction->probed = !transaction->probed && transaction->probing;
    choose_probe(transaction);
    look_at_all(transaction);
}

void mr_transaction_finished(struct mr_transaction *transaction, struct mr_job *job)
{
    job->finished = true;
    look(transaction, job->partition);
}

static void on_stirred(void *data)
{
    struct mr_transaction *transaction = data;
    transaction->events->stirred(transaction->data);
}

static void on_due(struct mr_timer *timer)
{
    (void)timer; /* the turn that ran it does the rest */
}

void mr_transaction_wake_at(struct mr_transaction *transaction, uint64_t ms)
{
    mr_timers_arm(transaction->timers, &transaction->timer, ms, on_due);
}

static void end_when_due(struct mr_transaction *transaction, bool hurry)
{
    const struct mr_batch *batch = &transaction->batch;
    if (batch->jobs == 0 || batch->unsent != NULL)
        return;
    if (!hurry && !transaction->probing && !full(transaction) &&
        mr_clock_ms() < transaction->ends && !mr_batch_awaited(batch)) {
        mr_transaction_wake_at(transaction, transaction->ends);
        return;
    }
    transaction->state = MR_TRANSACTION_BUSY;
    mr_transaction_set_patience(transaction);
    mr_steps_commit(&transaction->steps, batch->members);
}

void mr_transaction_revoked(struct mr_transaction *transaction)
{
    mr_batch_revoked(&transaction->batch);
    mr_transaction_look(transaction);
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
        mr_transaction_abort(transaction, MR_SENT_BACK, "a record or a partition of it is lost");
    else
        end_when_due(transaction, hurry);
}

struct mr_transaction *mr_transaction_new(const struct mr_config *config, uv_loop_t *loop,
                                          int wake_fd, struct mr_timers *timers,
                                          struct mr_slot *slot, struct mr_partitions *partitions,
                                          const struct mr_transaction_events *events, void *data)
{
    struct mr_transaction *transaction = mr_alloc(sizeof(*transaction));
    transaction->via =
        (struct mr_transactional){.config = config, .loop = loop, .wake_fd = wake_fd};
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
    transaction->steps = (struct mr_steps){.loop = loop,
                                           .timers = timers,
                                           .over = mr_transaction_over,
                                           .stirred = on_stirred,
                                           .data = transaction};
    return transaction;
}

int mr_transaction_want(struct mr_transaction *transaction, struct mr_errors *errors)
{
    if (transaction->via.producer != NULL)
        return 0;
    if (mr_transaction_open(transaction, errors) != 0)
        return -1;
    mr_cell_add(&transaction->slot->gauges[MR_ACTIVE_PRODUCERS], 1);
    return 0;
}

/* While no broker answers none is to blame. */
void mr_transaction_set_patience(struct mr_transaction *transaction)
{
    uint64_t patience = transaction->probing ? PROBE_MS : PATIENCE_MS;
    transaction->steps.patience = transaction->reachable ? patience : 0;
}

void mr_transaction_reachable(struct mr_transaction *transaction, bool reachable)
{
    transaction->reachable = reachable;
    mr_transaction_set_patience(transaction);
    mr_warmup_open(&transaction->via.warmup, reachable);
}

void mr_transaction_abandon(struct mr_transaction *transaction)
{
    transaction->state = MR_TRANSACTION_FAILED;
    mr_timers_cancel(transaction->timers, &transaction->timer);
    mr_timers_cancel(transaction->timers, &transaction->look);
    mr_steps_stop(&transaction->steps);
    mr_doubts_stop(&transaction->doubts);
    if (transaction->via.producer != NULL)
        mr_producer_drop(transaction->via.producer);
    mr_batch_rewind(&transaction->batch);
    mr_transaction_look(transaction);
}

void mr_transaction_stop(struct mr_transaction *transaction)
{
    mr_timers_cancel(transaction->timers, &transaction->timer);
    mr_timers_cancel(transaction->timers, &transaction->look);
    mr_steps_stop(&transaction->steps);
    mr_doubts_stop(&transaction->doubts);
    mr_warmup_open(&transaction->via.warmup, false);
}

void mr_transaction_free(struct mr_transaction *transaction)
{
    MR_ASSERT(transaction->batch.jobs == 0);
    mr_steps_free(&transaction->steps);
    mr_transactional_free(&transaction->via);
    mr_blame_free(&transaction->blame);
    mr_trouble_free(&transaction->trouble);
    mr_doubts_free(&transaction->doubts);
    free(transaction);
}
