#include <stdio.h>
#include <string.h>

#include "base/exit.h"
#include "base/log.h"
#include "base/panic.h"
#include "config/log_settings.h"
#include "worker/dispatch/completion.h"
#include "worker/dispatch/enqueue.h"
#include "worker/failure/forward.h"
#include "worker/handler/budgets.h"
#include "worker/handler/handler.h"
#include "worker/routing/routing.h"
#include "worker/runtime/internal.h"
#include "worker/runtime/orphan.h"

/* Makes a row per topic in the scoreboard, so that its counts are visible from the start. */
static void show_topics(struct mr_worker *worker)
{
    struct mr_routes *routes = worker->dispatch.routes;
    for (size_t i = 0; i < mr_routes_count(routes); i++)
        if (!mr_route_is_pattern(mr_routes_at(routes, i)))
            mr_slot_topic(worker->slot, mr_routes_at(routes, i)->name);
}

static void on_broker(void *data)
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

static const struct mr_groups_events groups_events = {
    has_room,  on_message, on_revoked, on_revocation, on_committed,
    on_let_go, on_closed,  on_changed, on_room,       on_troubled};
static const struct mr_outbox_events outbox_events = {on_delivered, on_troubled};
static const struct mr_transaction_events transaction_events = {on_left, on_delivered, on_failed,
                                                                on_troubled, on_stirred};
static const struct mr_rpc_events rpc_events = {on_ended, on_troubled};

void mr_worker_discard(struct mr_worker *worker)
{
    if (worker->prepared.routes != NULL)
        mr_routes_retire(worker->prepared.routes);
    if (worker->prepared.snapshot != NULL && worker->prepared.snapshot != worker->kafka)
        mr_snapshot_free(worker->prepared.snapshot);
    worker->prepared.routes = NULL;
    worker->prepared.snapshot = NULL;
}

static void open_log(struct mr_worker *worker, const struct mr_config *config)
{
    char who[32];
    snprintf(who, sizeof(who), "worker %llu", (unsigned long long)worker->number);
    int opened = mr_log_settings(config, who);
    if (opened < 0)
        mr_log(MR_LOG_ERROR, "log_open_failed", MR_S("message", strerror(-opened)));
}

/* Makes the Kafka clients, once, by the first snapshot. The groups are made here, and their
 * consumers with the first routes. So a property that librdkafka refuses is known before the worker
 * reports that it has loaded. */
static bool connect_kafka(struct mr_worker *worker, struct mr_snapshot *snapshot,
                          struct mr_errors *errors)
{
    const struct mr_config *config = snapshot->config;
    worker->outbox = mr_outbox_new(config, &worker->loop, worker->reports_fd, &worker->timers,
                                   worker->slot, &outbox_events, worker, errors);
    if (worker->outbox == NULL)
        return false;
    worker->rpc = mr_rpc_new(config, worker->number, &worker->loop, worker->wake_fd,
                             &worker->timers, worker->slot, worker->outbox, &rpc_events, worker);
    worker->groups = mr_groups_new(config, worker->number, &worker->loop, worker->wake_fd,
                                   &worker->timers, worker->slot, &groups_events, worker);
    mr_broker_health_start(&worker->broker, &worker->loop, &worker->timers, worker->slot,
                           mr_outbox_producer(worker->outbox),
                           mr_config_list_text(config, "kafka.brokers"), on_broker, worker);
    worker->catalogue =
        mr_topic_metadata_new(&worker->loop, &worker->timers, mr_outbox_producer(worker->outbox),
                              mr_worker_heard, worker);
    worker->provision = mr_topic_creation_new(
        &worker->loop, worker->slot, mr_outbox_producer(worker->outbox), worker->number == 0);
    worker->transaction =
        mr_transaction_new(config, &worker->loop, worker->wake_fd, &worker->timers, worker->slot,
                           &worker->dispatch.partitions, &transaction_events, worker);
    mr_outbox_hand_to(worker->outbox, mr_transaction_hold, worker->transaction);
    worker->dispatch.outbox = worker->outbox;
    worker->dispatch.transaction = worker->transaction;
    worker->dispatch.rpc = worker->rpc;
    worker->kafka = snapshot;
    return true;
}

static struct mr_vm *open_vm(struct mr_worker *worker, const struct mr_config *config)
{
    struct mr_vm *vm = mr_vm_new(&mr_dispatch_host, &worker->dispatch, mr_trust_of(config));
    mr_vm_show(vm, &worker->slot->run);
    mr_vm_allow(vm, config);
    return vm;
}

static bool any_exactly_once(struct mr_routes *routes)
{
    for (size_t i = 0; i < mr_routes_count(routes); i++)
        if (mr_routes_at(routes, i)->policy.delivery == MR_EXACTLY_ONCE)
            return true;
    return false;
}

/* Loads a snapshot beside the current one. Returns an enum mr_exit. */
static int prepare(struct mr_worker *worker, struct mr_snapshot *snapshot, struct mr_errors *errors)
{
    if (worker->vm == NULL)
        worker->vm = worker->dispatch.vm = open_vm(worker, snapshot->config);
    mr_budgets_limit_loads(&worker->dispatch, snapshot->config);
    struct mr_generation *generation = mr_generation_load(worker->vm, snapshot, errors);
    if (generation == NULL)
        return MR_EXIT_DATA;
    struct mr_routes *routes = mr_routing_new(snapshot, generation, errors);
    if (routes == NULL)
        return MR_EXIT_CONFIG;
    worker->prepared.routes = routes;
    worker->prepared.snapshot = snapshot;
    bool first = worker->outbox == NULL;
    if (first && !connect_kafka(worker, snapshot, errors))
        return MR_EXIT_CONFIG;
    if (any_exactly_once(routes) && mr_transaction_want(worker->transaction, errors) != 0)
        return MR_EXIT_CONFIG;
    return !first || mr_groups_use(worker->groups, routes, NULL, errors) == 0 ? MR_EXIT_OK
                                                                              : MR_EXIT_CONFIG;
}

void mr_worker_prepare(struct mr_worker *worker, struct mr_bytes body)
{
    struct mr_errors errors = {0};
    struct mr_snapshot *snapshot = mr_snapshot_decode(body);
    MR_ASSERT(snapshot != NULL);
    if (worker->kafka == NULL)
        open_log(worker, snapshot->config);
    mr_worker_discard(worker);
    uint64_t generation = snapshot->generation;
    int code = prepare(worker, snapshot, &errors);
    if (code == MR_EXIT_OK) {
        mr_master_channel_loaded(&worker->link, generation);
    } else {
        mr_config_hide_secrets(snapshot->config, &errors);
        mr_master_channel_refused(&worker->link, generation, mr_errors_text(&errors), code);
        if (worker->prepared.snapshot == NULL)
            mr_snapshot_free(snapshot);
    }
    mr_errors_free(&errors);
}

void mr_worker_switch(struct mr_worker *worker)
{
    struct mr_snapshot *before = worker->snapshot;
    worker->snapshot = worker->prepared.snapshot;
    open_log(worker, worker->snapshot->config);
    mr_worker_leave_topics(worker, worker->prepared.routes);
    mr_dispatch_use(&worker->dispatch, worker->prepared.routes,
                    mr_config_integer(worker->snapshot->config, "rpc.timeout"));
    mr_orphan_allow((uint64_t)mr_config_integer(worker->snapshot->config, "shutdown_timeout"));
    worker->dispatch.drop_expired = mr_config_boolean(worker->snapshot->config, "rpc.drop_expired");
    mr_groups_limit_drains(worker->groups,
                           (uint64_t)mr_config_integer(worker->snapshot->config, "drain_timeout"));
    show_topics(worker);
    mr_worker_use_topics(worker);
    worker->prepared.routes = NULL;
    worker->prepared.snapshot = NULL;
    mr_cell_set(&worker->slot->generation, worker->snapshot->generation);
    if (before != NULL && before != worker->kafka)
        mr_snapshot_free(before);
    mr_worker_show_state(worker);
}
