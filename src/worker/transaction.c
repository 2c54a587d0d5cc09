#include "worker/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/claim.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "kafka/transactions.h"
#include "worker/held.h"
#include "worker/warmup.h"

enum {
    STEP_MS = 1000, /* a thread of the pool waits so long at most */
    AGAIN_MS = 20,
    SHORTEST_REST_MS = 50, /* after a second abort in a row; doubles */
    LONGEST_REST_MS = 1000,
};

enum state {
    OFF,
    OPENING,    /* in the background, as those that are called -ING */
    OPEN,       /* jobs enter */
    COMMITTING, /* finished ones gather in their lines */
    ABORTING,
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
    struct mr_partition *members; /* have jobs in it; by `together` */
    size_t jobs;
    uint64_t ends;          /* ms, when it is committed however few they are */
    struct mr_held *unsent; /* the first record that the producer had no room for */
    bool failing;           /* it can only be aborted */
    size_t alone;           /* so many to come have one job each, to find whose record fails them */
    unsigned aborts;        /* in a row */
    struct mr_timer timer;
    uv_work_t work;
    bool working, stopping;
    enum state step; /* what the background does */
    struct mr_step_end end;
    enum mr_sent blame; /* what a record of it was refused for, where only the commit told */
    char why[512];
    struct mr_offsets **offsets;
    size_t offset_count;
};

static void take(struct mr_transaction *transaction, enum state step);

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
    transaction->failing = true;
    if (how != MR_SENT_BACK)
        mr_held_fail(held, how, error);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_transaction *transaction = data;
    transaction->events->troubled(transaction->data, unreachable, text);
}

static const struct mr_producer_events producer_events = {on_delivered, on_troubled};

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
    transaction->work.data = transaction;
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
    take(transaction, OPENING);
    return 0;
}

void mr_transaction_hold(struct mr_transaction *transaction, struct mr_job *job,
                         enum mr_purpose purpose, const struct mr_outgoing *record)
{
    mr_warmup_topic(&transaction->warmup, record->topic);
    mr_held_add(job, purpose, record);
}

/* Sends this record and those behind it, until there is no room. */
static void send_from(struct mr_transaction *transaction, struct mr_held *held)
{
    char why[512];
    transaction->unsent = NULL;
    for (; held != NULL && !transaction->failing; held = held->next) {
        held->sent = mr_clock_ns();
        enum mr_sent sent =
            mr_producer_send(transaction->producer, held->record, held, why, sizeof(why));
        if (sent == MR_SENT_FULL) {
            transaction->unsent = held;
            return;
        }
        transaction->failing = sent != MR_SENT;
        if (sent != MR_SENT && sent != MR_SENT_BACK)
            mr_held_fail(held, sent, why);
    }
}

static void enter(struct mr_transaction *transaction, struct mr_partition *partition)
{
    if (partition->line.entered == 0) {
        partition->together = transaction->members;
        transaction->members = partition;
    }
    mr_line_enter(&partition->line);
    if (transaction->jobs++ == 0)
        transaction->ends = mr_clock_ms() + transaction->interval;
    send_from(transaction, partition->line.latest->held);
}

static bool full(const struct mr_transaction *transaction)
{
    return transaction->jobs >= (transaction->alone > 0 ? 1 : transaction->most);
}

static bool takes(const struct mr_transaction *transaction)
{
    return transaction->state == OPEN && !transaction->failing && transaction->unsent == NULL &&
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

/* On a thread of the pool: touches nothing but the answer. */
static void do_step(uv_work_t *work)
{
    struct mr_transaction *transaction = work->data;
    if (transaction->step == OPENING)
        mr_transactions_open(transaction->producer, STEP_MS, &transaction->end);
    else if (transaction->step == COMMITTING)
        mr_transactions_commit(transaction->producer, transaction->offsets,
                               transaction->offset_count, STEP_MS, &transaction->end);
    else
        mr_transactions_abort(transaction->producer, STEP_MS, &transaction->end);
}

static void free_offsets(struct mr_transaction *transaction)
{
    for (size_t i = 0; i < transaction->offset_count; i++)
        mr_offsets_free(transaction->offsets[i]);
    free(transaction->offsets);
    transaction->offsets = NULL;
    transaction->offset_count = 0;
}

static void open_next(struct mr_transaction *transaction)
{
    transaction->state = OPEN;
    transaction->failing = false;
    look_at_all(transaction);
}

static struct mr_partition *take_members(struct mr_transaction *transaction)
{
    struct mr_partition *members = transaction->members;
    transaction->members = NULL;
    transaction->jobs = 0;
    transaction->unsent = NULL;
    return members;
}

/* May free the partition, with its last job. */
static void leave(struct mr_transaction *transaction, struct mr_partition *partition)
{
    for (size_t left = partition->line.entered; left > 0; left--) {
        struct mr_job *job = mr_line_leave(&partition->line);
        mr_cell_add(&transaction->slot->counters[MR_MESSAGES_SENT], mr_held_count(job));
        mr_held_drop(job);
        transaction->events->left(transaction->data, job);
    }
}

static void committed(struct mr_transaction *transaction)
{
    for (struct mr_partition *p = take_members(transaction), *next; p != NULL; p = next) {
        next = p->together;
        leave(transaction, p);
    }
    transaction->aborts = 0;
    if (transaction->alone > 0)
        transaction->alone--;
    open_next(transaction);
}

/* Moves the jobs of which a record was refused to `list`. */
static void find_refused(struct mr_partition *partition, struct mr_job_list *list)
{
    struct mr_job *job = partition->line.first;
    for (size_t left = partition->line.entered; left > 0; left--, job = job->after)
        if (mr_held_failed(job) != NULL) {
            job->finished = false;
            mr_job_list_push(list, job);
        }
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

/* A broker that forbids a topic refuses the transaction, not the record. With one job in it that is
 * its job's; with more they are tried one by one. */
static void blame(struct mr_transaction *transaction, const struct mr_job_list *refused)
{
    if (transaction->alone > 0)
        transaction->alone--;
    if (transaction->blame == MR_SENT_BACK || refused->first != NULL)
        return;
    MR_ASSERT(transaction->members != NULL);
    struct mr_job *first = transaction->members->line.first;
    if (transaction->jobs == 1 && first->held != NULL)
        mr_held_fail(first->held, transaction->blame, transaction->why);
    else
        transaction->alone = transaction->jobs;
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
    for (struct mr_partition *p = transaction->members; p != NULL; p = p->together)
        find_refused(p, &refused);
    blame(transaction, &refused);
    if (refused.first == NULL)
        for (struct mr_partition *p = transaction->members; p != NULL; p = p->together)
            find_refused(p, &refused);
    for (struct mr_partition *p = take_members(transaction), *next; p != NULL; p = next) {
        next = p->together;
        mr_line_rewind(&p->line);
    }
    for (struct mr_job *job; (job = mr_job_list_pop(&refused)) != NULL;)
        report(transaction, job);
    if (++transaction->aborts > 1)
        rest(transaction);
    else
        open_next(transaction);
}

static void fail(struct mr_transaction *transaction)
{
    bool fenced = transaction->end.fenced;
    mr_transaction_abandon(transaction);
    transaction->events->failed(transaction->data, fenced, transaction->end.why);
}

static void begin_abort(struct mr_transaction *transaction, enum mr_sent how, const char *why)
{
    mr_log(MR_LOG_WARN, "transaction_aborted", MR_I("messages", transaction->jobs),
           MR_S("message", why));
    free_offsets(transaction);
    transaction->blame = how;
    snprintf(transaction->why, sizeof(transaction->why), "%s", why);
    take(transaction, ABORTING);
}

static void done(struct mr_transaction *transaction)
{
    free_offsets(transaction);
    if (transaction->step == COMMITTING)
        committed(transaction);
    else if (transaction->step == ABORTING)
        aborted(transaction);
    else
        open_next(transaction);
}

static void on_again(struct mr_timer *timer)
{
    struct mr_transaction *transaction =
        (struct mr_transaction *)((char *)timer - offsetof(struct mr_transaction, timer));
    take(transaction, transaction->step);
}

static void after_step(uv_work_t *work, int status)
{
    struct mr_transaction *transaction = work->data;
    (void)status;
    transaction->working = false;
    if (transaction->stopping || transaction->state == FAILED)
        return;
    const struct mr_step_end *end = &transaction->end;
    if (end->step == MR_STEP_DONE) {
        done(transaction);
    } else if (end->step == MR_STEP_FATAL) {
        fail(transaction);
    } else if (end->step == MR_STEP_ABORT && transaction->step == COMMITTING) {
        begin_abort(transaction, end->how, end->why);
    } else {
        mr_log(MR_LOG_DEBUG, "transaction_waits", MR_S("message", end->why));
        mr_timers_arm(transaction->timers, &transaction->timer, mr_clock_ms() + AGAIN_MS, on_again);
    }
    transaction->events->stirred(transaction->data);
}

static void take(struct mr_transaction *transaction, enum state step)
{
    transaction->state = transaction->step = step;
    if (transaction->stopping)
        return;
    transaction->working = true;
    uv_queue_work(transaction->loop, &transaction->work, do_step, after_step);
}

static struct mr_offsets *offsets_of(struct mr_transaction *transaction,
                                     struct mr_consumer **consumers, struct mr_consumer *consumer)
{
    size_t i = 0;
    while (i < transaction->offset_count && consumers[i] != consumer)
        i++;
    if (i == transaction->offset_count) {
        consumers[i] = consumer;
        transaction->offsets[i] = mr_offsets_new(consumer);
        transaction->offset_count++;
    }
    return transaction->offsets[i];
}

static void commit(struct mr_transaction *transaction)
{
    size_t count = 0;
    for (struct mr_partition *p = transaction->members; p != NULL; p = p->together)
        count++;
    struct mr_consumer **consumers = mr_alloc(count * sizeof(*consumers));
    transaction->offsets = mr_alloc(count * sizeof(*transaction->offsets));
    for (struct mr_partition *p = transaction->members; p != NULL; p = p->together)
        mr_offsets_add(offsets_of(transaction, consumers, p->consumer), p->topic, p->number,
                       p->line.latest->message.offset + 1);
    free(consumers);
    take(transaction, COMMITTING);
}

static void on_due(struct mr_timer *timer)
{
    (void)timer; /* the turn that ran it does the rest */
}

/* Waiting for more is of no use to a partition that takes no more before this is committed, or is
 * to be given back. */
static bool awaited(const struct mr_transaction *transaction)
{
    for (const struct mr_partition *p = transaction->members; p != NULL; p = p->together)
        if (p->paused || p->patience.place != 0 || p->leaving)
            return true;
    return false;
}

static void end_when_due(struct mr_transaction *transaction, bool hurry)
{
    if (transaction->jobs == 0 || transaction->unsent != NULL)
        return;
    if (hurry || full(transaction) || mr_clock_ms() >= transaction->ends || awaited(transaction))
        commit(transaction);
    else
        mr_timers_arm(transaction->timers, &transaction->timer, transaction->ends, on_due);
}

void mr_transaction_revoked(struct mr_transaction *transaction)
{
    for (const struct mr_partition *p = transaction->members; p != NULL; p = p->together)
        transaction->failing = transaction->failing || p->revoked;
    look_at_all(transaction);
}

void mr_transaction_poll(struct mr_transaction *transaction, bool hurry)
{
    if (transaction->producer == NULL)
        return;
    mr_producer_poll(transaction->producer);
    if (transaction->state != OPEN)
        return;
    if (transaction->unsent != NULL) {
        send_from(transaction, transaction->unsent);
        look_at_all(transaction);
    }
    if (transaction->failing)
        begin_abort(transaction, MR_SENT_BACK, "a record or a partition of it is lost");
    else
        end_when_due(transaction, hurry);
}

void mr_transaction_reachable(struct mr_transaction *transaction, bool reachable)
{
    mr_warmup_open(&transaction->warmup, reachable);
}

void mr_transaction_abandon(struct mr_transaction *transaction)
{
    transaction->state = FAILED;
    mr_timers_cancel(transaction->timers, &transaction->timer);
    if (transaction->producer != NULL)
        mr_producer_drop(transaction->producer);
    for (struct mr_partition *p = take_members(transaction); p != NULL; p = p->together)
        mr_line_rewind(&p->line);
    look_at_all(transaction);
}

void mr_transaction_stop(struct mr_transaction *transaction)
{
    transaction->stopping = true;
    mr_timers_cancel(transaction->timers, &transaction->timer);
    mr_warmup_open(&transaction->warmup, false);
}

void mr_transaction_free(struct mr_transaction *transaction)
{
    MR_ASSERT(!transaction->working && transaction->jobs == 0);
    free_offsets(transaction);
    if (transaction->producer != NULL) {
        mr_producer_drop(transaction->producer);
        mr_warmup_free(&transaction->warmup);
        mr_producer_free(transaction->producer);
        mr_cell_add(&transaction->slot->gauges[MR_ACTIVE_PRODUCERS], (uint64_t)-1);
    }
    mr_claim_release(&transaction->claim);
    free(transaction);
}
