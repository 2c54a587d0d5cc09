#include "worker/transaction/state.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/transaction/pending_records.h"

static void open_next(struct mr_transaction *transaction)
{
    mr_transaction_become(transaction, MR_TRANSACTION_OPEN);
    transaction->batch.failing = false;
    mr_transaction_look(transaction);
}

static void on_left(void *data, struct mr_job *job)
{
    struct mr_transaction *transaction = data;
    mr_cell_add(&transaction->slot->counters[MR_MESSAGES_SENT], mr_pending_records_count(job));
    mr_pending_records_drop(job);
    transaction->events->left(transaction->data, job);
}

static void end_of_one(struct mr_transaction *transaction)
{
    transaction->probed = transaction->probing;
    transaction->probing = false;
}

static void learn_of(void *data, struct mr_pending_records *held)
{
    struct mr_transaction *transaction = data;
    const char *topic = held->record->topic;
    if (held->reported)
        return;
    mr_trouble_add(&transaction->trouble, topic, mr_clock_ms());
    /* A topic that does not exist is in no transaction, and this producer will soon learn that. */
    if (!mr_topic_warmup_misses(&transaction->via.warmup, topic) &&
        !mr_trouble_misses(&transaction->trouble, topic))
        transaction->elsewhere = true;
}

static void unlearn_of(void *data, struct mr_pending_records *held)
{
    struct mr_transaction *transaction = data;
    if (held->reported && transaction->trouble.count > 0)
        mr_trouble_end(&transaction->trouble, held->record->topic);
}

static void committed(struct mr_transaction *transaction)
{
    size_t jobs = transaction->batch.jobs;
    mr_batch_each(&transaction->batch, unlearn_of, transaction);
    mr_batch_leave(&transaction->batch, on_left, transaction);
    transaction->aborts = 0;
    transaction->renewals = 0;
    mr_culprit_committed(&transaction->blame, jobs);
    mr_stall_progress(&transaction->stall);
    if (transaction->trouble.count == 0)
        mr_txn_producer_forgive(&transaction->via);
    end_of_one(transaction);
}

/* Reports the job's first record that was refused. The job then ends as it would without a
 * transaction: by a retry, or by a dead letter, which it then holds. */
static void report(struct mr_transaction *transaction, struct mr_job *job)
{
    struct mr_pending_records *failed = mr_pending_records_failed(job);
    char *topic = mr_strdup(failed->record->topic), *why = mr_strdup(failed->why);
    const struct mr_report report = {
        .purpose = failed->purpose, .topic = topic, .how = failed->how, .error = why};
    mr_pending_records_take_out(failed);
    for (struct mr_pending_records *other = job->held; other != NULL; other = other->next)
        mr_pending_records_acquit(
            other); /* reported with the next transaction, if it is still held then */
    transaction->events->undelivered(transaction->data, job, &report);
    free(topic);
    free(why);
}

static void on_rested(struct mr_timer *timer)
{
    open_next(MR_CONTAINER(timer, struct mr_transaction, timer));
}

static void rest(struct mr_transaction *transaction)
{
    mr_transaction_become(transaction, MR_TRANSACTION_RESTING);
    mr_timers_arm(transaction->timers, &transaction->timer,
                  mr_clock_ms() + mr_transaction_rest_after(transaction->aborts), on_rested);
}

/* Puts the jobs of an aborted transaction back in their lines, and reports the refused records of
 * jobs to blame. */
static void aborted(struct mr_transaction *transaction)
{
    struct mr_job_list refused = {0};
    bool doubting = transaction->batch.doubting; /* then other jobs enter the next transaction */
    bool differs = mr_culprit_find(&transaction->blame, &transaction->batch,
                                   transaction->partitions, &refused) ||
                   doubting;
    transaction->aborts = differs ? 0 : transaction->aborts + 1;
    if (differs)
        mr_stall_progress(&transaction->stall);
    transaction->renewals = differs ? 0 : transaction->renewals;
    mr_batch_rewind(&transaction->batch);
    end_of_one(transaction);
    for (struct mr_job *job; (job = mr_job_list_pop(&refused)) != NULL;)
        report(transaction, job);
}

static void go_on(struct mr_transaction *transaction)
{
    if (transaction->aborts > 1)
        rest(transaction);
    else
        open_next(transaction);
}

void mr_transaction_abort(struct mr_transaction *transaction, enum mr_sent how, const char *why)
{
    mr_log(MR_LOG_WARN, "transaction_aborted", MR_I("messages", transaction->batch.jobs),
           MR_S("message", why));
    mr_culprit_note(&transaction->blame, how, why);
    mr_transaction_become(transaction, MR_TRANSACTION_BUSY);
    mr_background_abort(&transaction->steps);
}

/* Returns true if a broker has aborted the transaction for its age, and has fenced its producer for
 * that. Then nobody else has taken the id. */
static bool is_outlived(const struct mr_transaction *transaction)
{
    uint64_t timeout = mr_producer_transaction_timeout(transaction->via.producer);
    return transaction->batch.jobs > 0 && mr_clock_ms() - transaction->began >= timeout;
}

static void end_producer(struct mr_transaction *transaction, const struct mr_step_end *end)
{
    if (end->fenced && !is_outlived(transaction))
        mr_transaction_fail(transaction, true, end->why);
    else if (transaction->steps.late && !mr_background_doubt(&transaction->steps))
        mr_transaction_replace_elsewhere(transaction, end->why);
    else
        mr_transaction_replace_failed(transaction, end->why);
}

static void opened(struct mr_transaction *transaction)
{
    if (mr_background_doubt(&transaction->steps)) {
        mr_background_ask(&transaction->steps);
        return;
    }
    if (transaction->batch.jobs > 0)
        aborted(transaction);
    go_on(transaction);
}

static void asked(struct mr_transaction *transaction, bool is_committed)
{
    mr_log(MR_LOG_INFO, "transaction_end_known", MR_I("messages", transaction->batch.jobs),
           MR_S("outcome", is_committed ? "committed" : "aborted"));
    if (is_committed)
        committed(transaction);
    else
        aborted(transaction);
    go_on(transaction);
}

/* Handles the end of a commit or an abort. If the producer is spoilt, another one costs less than a
 * second abort. It comes after the abort, because opening it during a transaction would take half a
 * second. */
static void ended(struct mr_transaction *transaction, bool is_commit, bool unclear)
{
    bool spoilt = transaction->batch.spoilt;
    if (is_commit)
        committed(transaction);
    else
        aborted(transaction);
    if (transaction->elsewhere)
        mr_transaction_replace_elsewhere(
            transaction, "the latest transaction of this id waits for an output topic");
    else if (unclear)
        mr_transaction_replace_unclear(transaction, is_commit ? "committed" : "aborted");
    else if (spoilt)
        mr_transaction_begin_renewal(transaction);
    else
        go_on(transaction);
}

/* Aborts a transaction whose records are not acknowledged in time. The jobs that wait for no such
 * record should not wait. */
static void give_up(struct mr_transaction *transaction, const char *why)
{
    mr_batch_each(&transaction->batch, unlearn_of, transaction);
    mr_batch_each(&transaction->batch, learn_of, transaction);
    mr_background_forget(&transaction->steps);
    mr_transaction_abort(transaction, MR_SENT_BACK, why);
}

void mr_transaction_over(void *data, enum mr_background_kind kind, const struct mr_step_end *end)
{
    struct mr_transaction *transaction = data;
    mr_producer_poll(transaction->via.producer); /* for its reports about the step */
    if (end->step == MR_STEP_FATAL)
        end_producer(transaction, end);
    else if (end->step == MR_STEP_ABORT && end->unclear)
        mr_transaction_replace_unclear(transaction, "unknown");
    else if (end->step == MR_STEP_ABORT && end->unacknowledged)
        give_up(transaction, end->why);
    else if (end->step == MR_STEP_ABORT)
        mr_transaction_abort(transaction, end->how, end->why);
    else if (kind == MR_STEPS_OPEN)
        opened(transaction);
    else if (kind == MR_STEPS_ASK)
        asked(transaction, end->committed);
    else
        ended(transaction, kind == MR_STEPS_COMMIT, end->unclear);
}
