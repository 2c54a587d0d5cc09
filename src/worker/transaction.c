#include "worker/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/claim.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/batch.h"
#include "worker/blame.h"
#include "worker/held.h"
#include "worker/steps.h"
#include "worker/warmup.h"

enum {
    SHORTEST_REST_MS = 50, /* after a second abort in a row; doubles */
    LONGEST_REST_MS = 1000,
};

enum state {
    OFF,
    BUSY,    /* a step is taken; finished jobs gather in their lines */
    OPEN,    /* jobs enter */
    RESTING, /* for a moment after repeated aborts */
    FAILED,
};

struct mr_transaction {
    const struct mr_config *config;
    uv_loop_t *loop;
    int wake_fd;
    struct mr_timers *timers;
    struct mr_slot *slot;
    struct mr_partitions *partitions;
    const struct mr_transaction_events *events;
    void *data;
    struct mr_claim claim;
    struct mr_producer *producer; /* NULL until wanted */
    struct mr_warmup warmup;
    uint64_t interval;
    size_t most;
    enum state state;
    struct mr_batch batch;
    struct mr_steps steps;
    struct mr_blame blame;
    uint64_t ends;   /* ms, when it is committed however few its jobs are */
    unsigned aborts; /* in a row */
    struct mr_timer timer;
};

static void on_delivered(void *data, void *opaque, const char *topic, enum mr_sent how,
                         const char *error)
{
    struct mr_transaction *transaction = data;
    struct mr_held *held = opaque;
    (void)topic;
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

static const struct mr_producer_events producer_events = {on_delivered, on_troubled};

void mr_transaction_hold(struct mr_transaction *transaction, struct mr_job *job,
                         enum mr_purpose purpose, const struct mr_outgoing *record)
{
    mr_warmup_topic(&transaction->warmup, record->topic);
    mr_held_add(job, purpose, record);
}

static void enter(struct mr_transaction *transaction, struct mr_partition *partition)
{
    if (transaction->batch.jobs == 0)
        transaction->ends = mr_clock_ms() + transaction->interval;
    mr_batch_enter(&transaction->batch, partition);
}

static bool full(const struct mr_transaction *transaction)
{
    return transaction->batch.jobs >= (transaction->blame.alone > 0 ? 1 : transaction->most);
}

static bool takes(const struct mr_transaction *transaction)
{
    const struct mr_batch *batch = &transaction->batch;
    return transaction->state == OPEN && !batch->failing && batch->unsent == NULL &&
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

/* What is finished enters, or goes. */
static void look(struct mr_transaction *transaction, struct mr_partition *partition)
{
    if (partition->revoked || transaction->state == FAILED)
        partition->line.broken = true;
    while (takes(transaction) && mr_line_next(&partition->line) != NULL)
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

void mr_transaction_finished(struct mr_transaction *transaction, struct mr_job *job)
{
    job->finished = true;
    look(transaction, job->partition);
}

static void open_next(struct mr_transaction *transaction)
{
    transaction->state = OPEN;
    transaction->batch.failing = false;
    look_at_all(transaction);
}

static void on_left(void *data, struct mr_job *job)
{
    struct mr_transaction *transaction = data;
    mr_cell_add(&transaction->slot->counters[MR_MESSAGES_SENT], mr_held_count(job));
    mr_held_drop(job);
    transaction->events->left(transaction->data, job);
}

static void committed(struct mr_transaction *transaction)
{
    mr_batch_leave(&transaction->batch, on_left, transaction);
    transaction->aborts = 0;
    mr_blame_committed(&transaction->blame);
    open_next(transaction);
}

/* It ends as it would without a transaction, when that report came: by a retry, or by a dead
 * letter, which it then holds. */
static void report(struct mr_transaction *transaction, struct mr_job *job)
{
    struct mr_held *failed = mr_held_failed(job);
    char *topic = mr_strdup(failed->record->topic), *why = mr_strdup(failed->why);
    const struct mr_report report = {failed->purpose, topic, failed->how, why};
    mr_held_take_out(failed);
    for (struct mr_held *other = job->held; other != NULL; other = other->next)
        other->how = MR_SENT; /* told with the next transaction, where it is still held then */
    transaction->events->undelivered(transaction->data, job, &report);
    free(topic);
    free(why);
}

static void on_rested(struct mr_timer *timer)
{
    open_next((struct mr_transaction *)((char *)timer - offsetof(struct mr_transaction, timer)));
}

static void rest(struct mr_transaction *transaction)
{
    uint64_t wait = SHORTEST_REST_MS;
    for (unsigned i = 2; i < transaction->aborts && wait < LONGEST_REST_MS; i++)
        wait *= 2;
    transaction->state = RESTING;
    mr_timers_arm(transaction->timers, &transaction->timer,
                  mr_clock_ms() + (wait < LONGEST_REST_MS ? wait : LONGEST_REST_MS), on_rested);
}

static void aborted(struct mr_transaction *transaction)
{
    struct mr_job_list refused = {0};
    mr_blame_find(&transaction->blame, &transaction->batch, &refused);
    mr_batch_rewind(&transaction->batch);
    for (struct mr_job *job; (job = mr_job_list_pop(&refused)) != NULL;)
        report(transaction, job);
    if (++transaction->aborts > 1)
        rest(transaction);
    else
        open_next(transaction);
}

static void fail(struct mr_transaction *transaction, const struct mr_step_end *end)
{
    mr_transaction_abandon(transaction);
    transaction->events->failed(transaction->data, end->fenced, end->why);
}

static void begin_abort(struct mr_transaction *transaction, enum mr_sent how, const char *why)
{
    mr_log(MR_LOG_WARN, "transaction_aborted", MR_I("messages", transaction->batch.jobs),
           MR_S("message", why));
    mr_blame_note(&transaction->blame, how, why);
    transaction->state = BUSY;
    mr_steps_abort(&transaction->steps);
}

static void on_over(void *data, enum mr_steps_kind kind, const struct mr_step_end *end)
{
    struct mr_transaction *transaction = data;
    if (end->step == MR_STEP_FATAL)
        fail(transaction, end);
    else if (end->step == MR_STEP_ABORT)
        begin_abort(transaction, end->how, end->why);
    else if (kind == MR_STEPS_COMMIT)
        committed(transaction);
    else if (kind == MR_STEPS_ABORT)
        aborted(transaction);
    else
        open_next(transaction);
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

static void end_when_due(struct mr_transaction *transaction, bool hurry)
{
    const struct mr_batch *batch = &transaction->batch;
    if (batch->jobs == 0 || batch->unsent != NULL)
        return;
    if (!hurry && !full(transaction) && mr_clock_ms() < transaction->ends &&
        !mr_batch_awaited(batch)) {
        mr_timers_arm(transaction->timers, &transaction->timer, transaction->ends, on_due);
        return;
    }
    transaction->state = BUSY;
    mr_steps_commit(&transaction->steps, batch->members);
}

void mr_transaction_revoked(struct mr_transaction *transaction)
{
    mr_batch_revoked(&transaction->batch);
    look_at_all(transaction);
}

void mr_transaction_poll(struct mr_transaction *transaction, bool hurry)
{
    if (transaction->producer == NULL)
        return;
    mr_producer_poll(transaction->producer);
    if (transaction->state != OPEN)
        return;
    if (transaction->batch.unsent != NULL) {
        mr_batch_send(&transaction->batch);
        look_at_all(transaction);
    }
    if (transaction->batch.failing)
        begin_abort(transaction, MR_SENT_BACK, "a record or a partition of it is lost");
    else
        end_when_due(transaction, hurry);
}

struct mr_transaction *mr_transaction_new(const struct mr_config *config, uv_loop_t *loop,
                                          int wake_fd, struct mr_timers *timers,
                                          struct mr_slot *slot, struct mr_partitions *partitions,
                                          const struct mr_transaction_events *events, void *data)
{
    struct mr_transaction *transaction = mr_alloc(sizeof(*transaction));
    transaction->config = config;
    transaction->loop = loop;
    transaction->wake_fd = wake_fd;
    transaction->timers = timers;
    transaction->slot = slot;
    transaction->partitions = partitions;
    transaction->events = events;
    transaction->data = data;
    transaction->interval = (uint64_t)mr_config_integer(config, "transaction.interval");
    transaction->most = (size_t)mr_config_integer(config, "transaction.messages");
    transaction->steps = (struct mr_steps){.loop = loop,
                                           .timers = timers,
                                           .over = on_over,
                                           .stirred = on_stirred,
                                           .data = transaction};
    return transaction;
}

/* The same after a restart, so that a worker ends what the one before it left open; another's on no
 * other machine and in no other process. */
static void name_producer(struct mr_transaction *transaction, char *id, size_t size)
{
    char host[256] = "", name[512];
    gethostname(host, sizeof(host) - 1);
    snprintf(name, sizeof(name), "%s-%s", mr_config_string(transaction->config, "kafka.client_id"),
             host);
    mr_claim_lowest(&transaction->claim, name);
    snprintf(id, size, "%s-%u", name, transaction->claim.number);
}

int mr_transaction_want(struct mr_transaction *transaction, struct mr_errors *errors)
{
    char id[600];
    if (transaction->producer != NULL)
        return 0;
    name_producer(transaction, id, sizeof(id));
    transaction->producer = mr_producer_new_transactional(
        transaction->config, id, transaction->wake_fd, &producer_events, transaction, errors);
    if (transaction->producer == NULL) {
        mr_claim_release(&transaction->claim);
        return -1;
    }
    mr_log(MR_LOG_INFO, "transactions_open", MR_S("id", id));
    bool open = transaction->warmup.open;
    mr_warmup_start(&transaction->warmup, transaction->loop, transaction->producer);
    mr_warmup_open(&transaction->warmup, open);
    mr_cell_add(&transaction->slot->gauges[MR_ACTIVE_PRODUCERS], 1);
    transaction->batch.producer = transaction->steps.producer = transaction->producer;
    transaction->state = BUSY;
    mr_steps_open(&transaction->steps);
    return 0;
}

void mr_transaction_reachable(struct mr_transaction *transaction, bool reachable)
{
    mr_warmup_open(&transaction->warmup, reachable);
}

void mr_transaction_abandon(struct mr_transaction *transaction)
{
    transaction->state = FAILED;
    mr_timers_cancel(transaction->timers, &transaction->timer);
    mr_steps_stop(&transaction->steps);
    if (transaction->producer != NULL)
        mr_producer_drop(transaction->producer);
    mr_batch_rewind(&transaction->batch);
    look_at_all(transaction);
}

void mr_transaction_stop(struct mr_transaction *transaction)
{
    mr_timers_cancel(transaction->timers, &transaction->timer);
    mr_steps_stop(&transaction->steps);
    mr_warmup_open(&transaction->warmup, false);
}

void mr_transaction_free(struct mr_transaction *transaction)
{
    MR_ASSERT(transaction->batch.jobs == 0);
    mr_steps_free(&transaction->steps);
    if (transaction->producer != NULL) {
        mr_producer_drop(transaction->producer);
        mr_warmup_free(&transaction->warmup);
        mr_producer_free(transaction->producer);
        mr_cell_add(&transaction->slot->gauges[MR_ACTIVE_PRODUCERS], (uint64_t)-1);
    }
    mr_claim_release(&transaction->claim);
    free(transaction);
}
