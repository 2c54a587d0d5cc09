#include <stdio.h>
#include <string.h>

#include "base/exit.h"
#include "base/log.h"
#include "base/panic.h"
#include "config/log_settings.h"
#include "worker/handler/budgets.h"
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
                                   worker->slot, &mr_worker_outbox_events, worker, errors);
    if (worker->outbox == NULL)
        return false;
    worker->rpc =
        mr_rpc_new(config, worker->number, &worker->loop, worker->wake_fd, &worker->timers,
                   worker->slot, worker->outbox, &mr_worker_rpc_events, worker);
    worker->groups = mr_groups_new(config, worker->number, &worker->loop, worker->wake_fd,
                                   &worker->timers, worker->slot, &mr_worker_groups_events, worker);
    mr_broker_health_start(&worker->broker, &worker->loop, &worker->timers, worker->slot,
                           mr_outbox_producer(worker->outbox),
                           mr_config_list_text(config, "kafka.brokers"), mr_worker_broker_changed,
                           worker);
    worker->catalogue =
        mr_topic_metadata_new(&worker->loop, &worker->timers, mr_outbox_producer(worker->outbox),
                              mr_worker_heard, worker);
    worker->provision = mr_topic_creation_new(
        &worker->loop, worker->slot, mr_outbox_producer(worker->outbox), worker->number == 0);
    worker->transaction =
        mr_transaction_new(config, &worker->loop, worker->wake_fd, &worker->timers, worker->slot,
                           &worker->dispatch.partitions, &mr_worker_transaction_events, worker);
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
