#include "base/clock.h"
#include "worker/job/job_state.h"
#include "worker/transaction/pending_records.h"
#include "worker/transaction/state.h"

void mr_transaction_hold(void *data, struct mr_job *job, enum mr_purpose purpose,
                         const struct mr_outgoing *record)
{
    struct mr_transaction *transaction = data;
    mr_topic_warmup_topic(&transaction->via.warmup, record->topic);
    mr_pending_records_add(job, purpose, record);
}

enum {
    PATIENCE_MS = 4000, /* for a transaction's records to be acknowledged */
    PROBE_MS = 1000,    /* likewise, if the transaction only tries topics in trouble */
};

static void enter(struct mr_transaction *transaction, struct mr_partition *partition)
{
    if (transaction->batch.jobs == 0) {
        transaction->began = mr_clock_ms();
        transaction->ends = transaction->began + transaction->interval;
    }
    mr_batch_enter(&transaction->batch, partition);
}

bool mr_transaction_is_full(const struct mr_transaction *transaction)
{
    return transaction->batch.jobs >= mr_culprit_limit(&transaction->blame, transaction->most);
}

static bool takes(const struct mr_transaction *transaction)
{
    const struct mr_batch *batch = &transaction->batch;
    return transaction->state == MR_TRANSACTION_OPEN && !batch->failing && batch->unsent == NULL &&
           !mr_transaction_is_full(transaction);
}

/* Drops the first jobs of the line while they are finished and not to be committed. May free the
 * partition, with its last job. */
static void drop_from(struct mr_transaction *transaction, struct mr_partition *partition)
{
    struct mr_job *job;
    while ((job = mr_commit_line_drop(&partition->line)) != NULL) {
        bool last = partition->line.first == NULL;
        mr_pending_records_drop(job);
        transaction->events->left(transaction->data, job);
        if (last)
            return;
    }
}

/* Returns true if the next job of the partition may enter. A job in trouble enters only a probe, at
 * most one per partition. A job whose topic is in doubt enters no transaction. */
static bool may_enter(const struct mr_transaction *transaction,
                      const struct mr_partition *partition)
{
    const struct mr_job *job = mr_commit_line_next(&partition->line);
    if (job == NULL || !takes(transaction) || mr_batch_doubts(&transaction->batch, job))
        return false;
    enum mr_trouble_of of = mr_trouble_of(&transaction->trouble, job);
    return transaction->probing ? of == MR_TROUBLE_DUE && partition->line.entered == 0
                                : of == MR_TROUBLE_NONE;
}

static bool is_troubled(const struct mr_transaction *transaction,
                        const struct mr_partition *partition)
{
    const struct mr_job *job = mr_commit_line_next(&partition->line);
    return job != NULL && mr_trouble_of(&transaction->trouble, job) != MR_TROUBLE_NONE;
}

/* Lets the partition's finished jobs enter, or drops them. */
static void look(struct mr_transaction *transaction, struct mr_partition *partition)
{
    if (mr_tenure_is_over(partition->tenure) || transaction->state == MR_TRANSACTION_FAILED)
        partition->line.broken = true;
    while (may_enter(transaction, partition))
        enter(transaction, partition);
    partition->line.troubled = is_troubled(transaction, partition);
    drop_from(transaction, partition);
}

static void look_at_all(struct mr_transaction *transaction)
{
    for (struct mr_partition *p = transaction->partitions->all, *next; p != NULL; p = next) {
        next = p->next;
        look(transaction, p);
    }
}

/* Decides whether the next transaction is a probe. Between two probes, other jobs have a
 * transaction, if there are any. */
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
    if (job->state != MR_JOB_ABANDONED)
        mr_job_become(job, MR_JOB_COMMITTABLE, NULL);
    look(transaction, job->partition);
}

void mr_transaction_revoked(struct mr_transaction *transaction)
{
    mr_batch_revoked(&transaction->batch);
    mr_transaction_look(transaction);
}

static void on_due(struct mr_timer *timer)
{
    (void)timer; /* the turn that ran the timer does the rest */
}

void mr_transaction_wake_at(struct mr_transaction *transaction, uint64_t ms)
{
    mr_timers_arm(transaction->timers, &transaction->timer, ms, on_due);
}

/* While no broker answers, no topic is to blame: the commit waits without end. */
void mr_transaction_set_patience(struct mr_transaction *transaction)
{
    uint64_t patience = transaction->probing ? PROBE_MS : PATIENCE_MS;
    transaction->steps.patience = transaction->reachable ? patience : 0;
}

void mr_transaction_abandon(struct mr_transaction *transaction)
{
    mr_transaction_become(transaction, MR_TRANSACTION_FAILED);
    mr_timers_cancel(transaction->timers, &transaction->timer);
    mr_timers_cancel(transaction->timers, &transaction->look);
    mr_background_stop(&transaction->steps);
    mr_doubts_stop(&transaction->doubts);
    if (transaction->via.producer != NULL)
        mr_producer_drop(transaction->via.producer);
    mr_batch_rewind(&transaction->batch);
    mr_transaction_look(transaction);
}
