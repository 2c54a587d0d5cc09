#include <stdio.h>

#include "base/log.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/enqueue.h"
#include "worker/failure/forward.h"
#include "worker/runtime/internal.h"

void mr_worker_broker_changed(void *data)
{
    struct mr_worker *worker = data;
    mr_outbox_reachable(worker->outbox, worker->broker.state == MR_BROKER_UP);
    mr_transaction_reachable(worker->transaction, worker->broker.state == MR_BROKER_UP);
    mr_worker_expect_topics(worker);
    mr_worker_show_state(worker);
}

static void on_changed(void *data)
{
    mr_worker_show_state(data);
}

/* Returns true, and logs why, if librdkafka has abandoned a client for good. Then only another
 * worker helps. */
static bool has_failed(const struct mr_worker *worker)
{
    char why[512];
    bool failed = worker->groups != NULL && (mr_groups_failed(worker->groups, why, sizeof(why)) ||
                                             mr_outbox_failed(worker->outbox, why, sizeof(why)));
    if (failed)
        mr_log(MR_LOG_ERROR, "kafka_fatal", MR_S("message", why));
    return failed;
}

static void fail(struct mr_worker *worker)
{
    worker->failed = true;
    worker->fenced = mr_groups_fenced(worker->groups);
}

/* Notes the error, also as the reason why the consumers have not joined. It names the address: the
 * brokers that answer may advertise addresses that cannot be reached from here. */
static void note_trouble(struct mr_worker *worker, const char *text)
{
    char note[MR_NOTE_SIZE];
    mr_log(MR_LOG_DEBUG, "kafka_trouble", MR_S("message", text));
    if (mr_cell_get(&worker->slot->state) == MR_WORKER_READY)
        return;
    snprintf(note, sizeof(note), "the worker's consumers are joining their groups; %s", text);
    mr_note_write(&worker->slot->joining_note, note);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_worker *worker = data;
    if (unreachable)
        mr_broker_health_suspect(&worker->broker);
    else if (!worker->failed && has_failed(worker))
        fail(worker);
    else
        note_trouble(worker, text);
}

static bool has_room(void *data, const struct mr_consumer *consumer)
{
    return mr_worker_has_room(data, consumer);
}

static void on_message(void *data, struct mr_consumer *consumer, struct mr_message *message)
{
    struct mr_worker *worker = data;
    mr_intake_message(&worker->dispatch, consumer, message);
}

static void on_end(void *data, struct mr_consumer *consumer, const struct mr_message *end)
{
    struct mr_worker *worker = data;
    mr_intake_end(&worker->dispatch, consumer, end);
}

static void on_revoked(void *data, struct mr_consumer *consumer, const char *topic,
                       int32_t partition, bool lost)
{
    struct mr_worker *worker = data;
    if (lost)
        mr_partitions_lose(&worker->dispatch.partitions, consumer, topic, partition);
    else
        mr_partitions_leave(&worker->dispatch.partitions, consumer, topic, partition);
}

static void on_revocation(void *data)
{
    struct mr_worker *worker = data;
    mr_halt_revoked(&worker->dispatch);
    mr_transaction_revoked(worker->transaction);
}

static void on_committed(void *data, struct mr_consumer *consumer, const char *topic,
                         int32_t partition, int64_t next)
{
    struct mr_worker *worker = data;
    mr_dispatch_committed(&worker->dispatch, consumer, topic, partition, next);
}

static bool on_let_go(void *data, struct mr_consumer *consumer, bool late)
{
    struct mr_worker *worker = data;
    mr_halt_sweep(&worker->dispatch);
    if (!late && !mr_partitions_drained(&worker->dispatch.partitions, consumer))
        return false;
    mr_partitions_let_go(&worker->dispatch.partitions, consumer);
    mr_halt_revoked(&worker->dispatch);
    mr_transaction_revoked(worker->transaction);
    return true;
}

static bool on_closed(void *data, struct mr_consumer *consumer)
{
    struct mr_worker *worker = data;
    bool idle = mr_partitions_forget(&worker->dispatch.partitions, consumer);
    mr_halt_revoked(&worker->dispatch);
    mr_transaction_revoked(worker->transaction);
    return idle;
}

static void on_room(void *data)
{
    struct mr_worker *worker = data;
    if (worker->phase == MR_PHASE_WORKING && worker->dispatch.routes != NULL)
        mr_worker_subscribe(worker);
}

static void on_delivered(void *data, struct mr_job *job, const struct mr_report *report)
{
    struct mr_worker *worker = data;
    if (report->purpose == MR_FOR_REQUEST && report->error != NULL)
        mr_rpc_undelivered(job, report->wait, report->error);
    mr_dispatch_delivered(&worker->dispatch, job, report);
}

static void on_left(void *data, struct mr_job *job)
{
    struct mr_worker *worker = data;
    mr_forward_left(&worker->dispatch, job);
    mr_settle(&worker->dispatch, job);
}

static void on_failed(void *data, bool fenced, const char *why)
{
    struct mr_worker *worker = data;
    mr_log(MR_LOG_ERROR, fenced ? "producer_fenced" : "kafka_fatal", MR_S("message", why));
    worker->failed = true;
}

static void on_stirred(void *data)
{
    mr_worker_turn(data);
}

static void on_ended(void *data, struct mr_wait *wait)
{
    struct mr_worker *worker = data;
    mr_enqueue_wake(&worker->dispatch, wait);
}

const struct mr_groups_events mr_worker_groups_events = {
    has_room,  on_message, on_end,     on_revoked, on_revocation, on_committed,
    on_let_go, on_closed,  on_changed, on_room,    on_troubled};
const struct mr_outbox_events mr_worker_outbox_events = {on_delivered, on_troubled};
const struct mr_transaction_events mr_worker_transaction_events = {on_left, on_delivered, on_failed,
                                                                   on_troubled, on_stirred};
const struct mr_rpc_events mr_worker_rpc_events = {on_ended, on_troubled};
