#include "worker/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/log_settings.h"
#include "base/panic.h"
#include "worker/broker.h"
#include "worker/dispatch.h"
#include "worker/groups.h"
#include "worker/link.h"

enum {
    BATCH = 1000,          /* messages taken before timers and the channel get their turn */
    HEARTBEAT_MS = 1000,
    LEAVE_LIMIT_MS = 1000, /* for leaving the groups, once handlers and records are done */
};

enum phase { PHASE_WORKING, PHASE_FINISHING, PHASE_LEAVING, PHASE_DONE };

struct mr_worker {
    uint64_t number;
    uv_loop_t loop;
    int wake_fd;
    uv_poll_t wake;
    uv_idle_t more; /* runs while a batch left messages behind */
    uv_timer_t alarm, heartbeat;
    uv_signal_t terminate;
    struct mr_scoreboard board;
    struct mr_slot *slot;
    struct mr_link link;
    struct mr_timers timers;
    struct mr_vm *vm;
    struct mr_snapshot *snapshot; /* the one in force */
    struct mr_snapshot *kafka;    /* the first one: its kafka settings are in force until the end */
    struct mr_outbox *outbox;
    struct mr_rpc *rpc;
    struct mr_groups *groups;
    struct mr_broker broker;
    struct mr_dispatch dispatch;
    struct {
        struct mr_snapshot *snapshot;
        struct mr_routes *routes;
    } prepared;
    enum phase phase;
    uint64_t phase_ends; /* ms */
};

static void on_more(uv_idle_t *handle);
static void set_alarm(struct mr_worker *worker);

static void set_state(struct mr_worker *worker)
{
    bool ready = worker->groups != NULL && mr_groups_joined(worker->groups) &&
                 worker->broker.state == MR_BROKER_UP;
    enum mr_worker_state state = worker->phase != PHASE_WORKING ? MR_WORKER_STOPPING
                                 : ready                        ? MR_WORKER_READY
                                 : worker->dispatch.routes      ? MR_WORKER_LOADED
                                                                : MR_WORKER_STARTING;
    if (mr_cell_get(&worker->slot->state) == state)
        return;
    mr_cell_set(&worker->slot->state, state);
    if (state == MR_WORKER_READY)
        mr_log(MR_LOG_INFO, "worker_ready", MR_I("pid", getpid()));
}

static void on_changed(void *data)
{
    set_state(data);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    struct mr_worker *worker = data;
    if (unreachable)
        mr_broker_suspect(&worker->broker);
    else
        mr_log(MR_LOG_DEBUG, "kafka_trouble", MR_S("message", text));
}

static void on_message(void *data, struct mr_consumer *consumer, struct mr_message *message)
{
    struct mr_worker *worker = data;
    mr_dispatch_message(&worker->dispatch, consumer, message);
    mr_dispatch_run(&worker->dispatch);
}

static void on_revoked(void *data, struct mr_consumer *consumer, const char *topic,
                       int32_t partition, bool lost)
{
    struct mr_worker *worker = data;
    mr_partitions_revoke(&worker->dispatch.partitions, consumer, topic, partition, lost);
}

static bool on_closed(void *data, struct mr_consumer *consumer)
{
    struct mr_worker *worker = data;
    return mr_partitions_forget(&worker->dispatch.partitions, consumer);
}

static void on_delivered(void *data, struct mr_job *job, const char *topic, const char *error)
{
    struct mr_worker *worker = data;
    mr_dispatch_delivered(&worker->dispatch, job, topic, error);
}

static void on_ended(void *data, struct mr_job *job, const struct mr_resumption *with)
{
    struct mr_worker *worker = data;
    mr_dispatch_resume(&worker->dispatch, job, with);
}

static const struct mr_groups_events groups_events = {on_message, on_revoked, on_closed, on_changed,
                                                      on_troubled};
static const struct mr_outbox_events outbox_events = {on_delivered, on_troubled};
static const struct mr_rpc_events rpc_events = {on_ended, on_troubled};

static void enter(struct mr_worker *worker, enum phase phase, int64_t limit)
{
    worker->phase = phase;
    worker->phase_ends = mr_clock_ms() + (uint64_t)limit;
    set_state(worker);
}

static void finish(struct mr_worker *worker)
{
    enter(worker, PHASE_DONE, 0);
    uv_stop(&worker->loop);
}

static void leave_groups(struct mr_worker *worker)
{
    mr_partitions_store(&worker->dispatch.partitions);
    mr_groups_close(worker->groups);
    enter(worker, PHASE_LEAVING, LEAVE_LIMIT_MS);
}

/* What is left to do before the next phase of stopping; each has a time limit of its own. */
static void stop_further(struct mr_worker *worker)
{
    bool late = mr_clock_ms() >= worker->phase_ends;
    if (worker->phase == PHASE_FINISHING) {
        if (late) {
            mr_dispatch_abandon(&worker->dispatch);
            mr_outbox_drop(worker->outbox);
        }
        if (worker->dispatch.jobs == 0)
            leave_groups(worker);
    } else if (worker->phase == PHASE_LEAVING && (mr_groups_closed(worker->groups) || late)) {
        finish(worker);
    }
}

/* SIGTERM, the master's word, or the master gone: nothing new is begun, what is at work ends. */
static void begin_stop(struct mr_worker *worker, const char *why)
{
    if (worker->phase != PHASE_WORKING)
        return;
    mr_log(MR_LOG_INFO, "worker_stopping", MR_S("message", why));
    if (worker->groups == NULL) {
        finish(worker);
        return;
    }
    enter(worker, PHASE_FINISHING, mr_config_integer(worker->snapshot->config, "shutdown_timeout"));
    mr_groups_hold(worker->groups, true);
    mr_dispatch_stop(&worker->dispatch);
    mr_broker_stop(&worker->broker);
    mr_rpc_stop(worker->rpc);
    mr_outbox_hurry(worker->outbox);
}

/* One turn: everything that has come, then everything that follows from it. */
static void turn(struct mr_worker *worker)
{
    size_t taken = 0;
    mr_timers_run(&worker->timers, mr_clock_ms());
    if (worker->groups != NULL) {
        mr_outbox_poll(worker->outbox);
        mr_rpc_poll(worker->rpc);
        if (worker->dispatch.routes != NULL)
            taken = mr_groups_poll(worker->groups, BATCH);
        mr_dispatch_run(&worker->dispatch);
        mr_partitions_store(&worker->dispatch.partitions);
        if (worker->phase == PHASE_WORKING)
            mr_groups_hold(worker->groups, mr_outbox_crowded(worker->outbox));
    }
    if (worker->phase != PHASE_WORKING)
        stop_further(worker);
    if (taken == BATCH)
        uv_idle_start(&worker->more, on_more);
    else
        uv_idle_stop(&worker->more);
    set_alarm(worker);
}

static void on_more(uv_idle_t *handle)
{
    turn(handle->loop->data);
}

static void on_alarm(uv_timer_t *handle)
{
    turn(handle->loop->data);
}

static void set_alarm(struct mr_worker *worker)
{
    uint64_t due, now = mr_clock_ms();
    if (!mr_timers_next(&worker->timers, &due)) {
        uv_timer_stop(&worker->alarm);
        return;
    }
    uv_update_time(&worker->loop);
    uv_timer_start(&worker->alarm, on_alarm, due > now ? due - now : 0, 0);
}

static void on_wake(uv_poll_t *handle, int status, int events)
{
    uint64_t count;
    struct mr_worker *worker = handle->loop->data;
    (void)status, (void)events;
    ssize_t got = read(worker->wake_fd, &count, sizeof(count));
    (void)got; /* drained by whoever reads first; the turn looks at everything anyway */
    turn(worker);
}

/* Tells the master that the loop turns; and polls, since a group member that does not poll within max.poll.interval.ms is thrown
 * out even when it has nothing to do. */
static void on_heartbeat(uv_timer_t *handle)
{
    struct mr_worker *worker = handle->loop->data;
    mr_cell_set(&worker->slot->heartbeat, mr_clock_ms());
    if (worker->vm != NULL)
        mr_cell_set(&worker->slot->gauges[MR_LUA_MEMORY_BYTES], mr_vm_memory(worker->vm));
    turn(worker);
}

static void on_terminate(uv_signal_t *handle, int signal)
{
    struct mr_worker *worker = handle->loop->data;
    (void)signal;
    begin_stop(worker, "SIGTERM");
    turn(worker);
}

static void discard_prepared(struct mr_worker *worker)
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

/* The Kafka clients, once, by the first snapshot. The groups are made here and their consumers with the first routes, so that a
 * property that librdkafka refuses is known before the worker says that it has loaded. */
static bool connect_kafka(struct mr_worker *worker, struct mr_snapshot *snapshot,
                          struct mr_errors *errors)
{
    const struct mr_config *config = snapshot->config;
    worker->outbox = mr_outbox_new(config, worker->wake_fd, worker->slot, &outbox_events, worker,
                                   errors);
    if (worker->outbox == NULL)
        return false;
    worker->rpc = mr_rpc_new(config, &worker->loop, worker->wake_fd, &worker->timers, worker->slot,
                             worker->outbox, &rpc_events, worker);
    worker->groups =
        mr_groups_new(config, worker->wake_fd, worker->slot, &groups_events, worker);
    mr_broker_start(&worker->broker, &worker->loop, &worker->timers, worker->slot,
                    mr_outbox_producer(worker->outbox), on_changed, worker);
    worker->dispatch.outbox = worker->outbox;
    worker->dispatch.rpc = worker->rpc;
    worker->kafka = snapshot;
    return true;
}

/* Loads a snapshot beside the current one. Returns an enum mr_exit. */
static int prepare(struct mr_worker *worker, struct mr_snapshot *snapshot, struct mr_errors *errors)
{
    struct mr_generation *generation = mr_generation_load(worker->vm, snapshot, errors);
    if (generation == NULL)
        return MR_EXIT_DATA;
    struct mr_routes *routes = mr_routes_new(snapshot, generation, errors);
    if (routes == NULL)
        return MR_EXIT_CONFIG;
    worker->prepared.routes = routes;
    worker->prepared.snapshot = snapshot;
    if (worker->outbox != NULL)
        return MR_EXIT_OK;
    return connect_kafka(worker, snapshot, errors) &&
                   mr_groups_use(worker->groups, routes, errors) == 0
               ? MR_EXIT_OK
               : MR_EXIT_CONFIG;
}

static void on_prepare(struct mr_worker *worker, struct mr_bytes body)
{
    struct mr_errors errors = {0};
    struct mr_snapshot *snapshot = mr_snapshot_decode(body);
    MR_ASSERT(snapshot != NULL);
    if (worker->kafka == NULL)
        open_log(worker, snapshot->config);
    discard_prepared(worker);
    uint64_t generation = snapshot->generation;
    int code = prepare(worker, snapshot, &errors);
    if (code == MR_EXIT_OK) {
        mr_link_loaded(&worker->link, generation);
    } else {
        mr_link_refused(&worker->link, generation, mr_errors_text(&errors), code);
        if (worker->prepared.snapshot == NULL)
            mr_snapshot_free(snapshot);
    }
    mr_errors_free(&errors);
}

static void on_switch(struct mr_worker *worker)
{
    struct mr_errors errors = {0};
    struct mr_snapshot *before = worker->snapshot;
    worker->snapshot = worker->prepared.snapshot;
    open_log(worker, worker->snapshot->config);
    mr_dispatch_use(&worker->dispatch, worker->prepared.routes,
                    mr_config_integer(worker->snapshot->config, "rpc.timeout"));
    if (mr_groups_use(worker->groups, worker->prepared.routes, &errors) != 0)
        mr_log(MR_LOG_ERROR, "subscribe_failed", MR_S("message", mr_errors_text(&errors)));
    worker->prepared.routes = NULL;
    worker->prepared.snapshot = NULL;
    mr_cell_set(&worker->slot->generation, worker->snapshot->generation);
    if (before != NULL && before != worker->kafka)
        mr_snapshot_free(before);
    mr_errors_free(&errors);
    set_state(worker);
}

static uint64_t generation_in(const struct mr_frame *frame)
{
    struct mr_reader reader = {frame->body.data, frame->body.data + frame->body.length, false};
    return mr_reader_u64(&reader);
}

static void on_frame(void *data, const struct mr_frame *frame)
{
    struct mr_worker *worker = data;
    bool about_prepared = worker->prepared.snapshot != NULL &&
                          (frame->kind == MR_FRAME_SWITCH || frame->kind == MR_FRAME_DISCARD) &&
                          generation_in(frame) == worker->prepared.snapshot->generation;
    if (frame->kind == MR_FRAME_PREPARE && worker->phase == PHASE_WORKING)
        on_prepare(worker, frame->body);
    else if (frame->kind == MR_FRAME_SWITCH && about_prepared && worker->phase == PHASE_WORKING)
        on_switch(worker);
    else if (frame->kind == MR_FRAME_DISCARD && about_prepared)
        discard_prepared(worker);
    else if (frame->kind == MR_FRAME_STOP)
        begin_stop(worker, "the master stops");
    else if (frame->kind == MR_FRAME_REOPEN)
        mr_log_reopen();
    turn(worker);
}

static void on_master_gone(void *data)
{
    struct mr_worker *worker = data;
    begin_stop(worker, "the master is gone");
    turn(worker);
}

static const struct mr_link_events link_events = {on_frame, on_master_gone};

static int open_worker(struct mr_worker *worker)
{
    int error = mr_scoreboard_attach(&worker->board, MR_WORKER_SCOREBOARD_FD);
    if (error < 0) {
        fprintf(stderr, "moonroute worker: no scoreboard: %s (workers are started by 'moonroute run')\n",
                strerror(-error));
        return -1;
    }
    MR_ASSERT(worker->number < worker->board.slot_count);
    worker->slot = &worker->board.slots[worker->number];
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    MR_ASSERT(worker->wake_fd >= 0);
    return 0;
}

/* The terminal's signals are for the master, who tells the workers. */
static void ignore_signals(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

static void start_loop(struct mr_worker *worker)
{
    uv_loop_init(&worker->loop);
    worker->loop.data = worker;
    uv_poll_init(&worker->loop, &worker->wake, worker->wake_fd);
    uv_poll_start(&worker->wake, UV_READABLE, on_wake);
    uv_idle_init(&worker->loop, &worker->more);
    uv_timer_init(&worker->loop, &worker->alarm);
    uv_timer_init(&worker->loop, &worker->heartbeat);
    uv_timer_start(&worker->heartbeat, on_heartbeat, 0, HEARTBEAT_MS);
    uv_signal_init(&worker->loop, &worker->terminate);
    uv_signal_start(&worker->terminate, on_terminate, SIGTERM);
    mr_link_start(&worker->link, &worker->loop, MR_WORKER_CHANNEL_FD, &link_events, worker);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Questions to the cluster end within their time limits; then nothing is left on the loop. */
static void stop_loop(struct mr_worker *worker)
{
    if (worker->rpc != NULL)
        mr_rpc_stop(worker->rpc);
    if (worker->outbox != NULL)
        mr_broker_stop(&worker->broker);
    uv_walk(&worker->loop, close_handle, NULL);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    MR_ASSERT(uv_loop_close(&worker->loop) == 0);
}

static void free_worker(struct mr_worker *worker)
{
    discard_prepared(worker);
    if (worker->outbox != NULL) {
        mr_outbox_drop(worker->outbox);
        mr_groups_free(worker->groups);
        mr_rpc_free(worker->rpc);
        mr_outbox_free(worker->outbox);
    }
    mr_dispatch_free(&worker->dispatch);
    mr_vm_free(worker->vm);
    mr_timers_free(&worker->timers);
    if (worker->snapshot != NULL && worker->snapshot != worker->kafka)
        mr_snapshot_free(worker->snapshot);
    if (worker->kafka != NULL)
        mr_snapshot_free(worker->kafka);
    mr_channel_close(&worker->link.channel);
    mr_scoreboard_close(&worker->board);
    close(worker->wake_fd);
}

int mr_worker_run(uint64_t slot)
{
    struct mr_worker *worker = mr_alloc(sizeof(*worker));
    worker->number = slot;
    if (open_worker(worker) != 0) {
        free(worker);
        return MR_EXIT_USAGE;
    }
    ignore_signals();
    worker->dispatch.slot = worker->slot;
    worker->dispatch.timers = &worker->timers;
    worker->vm = mr_vm_new(&mr_dispatch_host, &worker->dispatch);
    start_loop(worker);
    set_state(worker);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    stop_loop(worker);
    free_worker(worker);
    free(worker);
    return MR_EXIT_OK;
}
