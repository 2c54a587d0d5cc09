#include "worker/runtime/worker.h"

#include <fcntl.h>
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
#include "base/machine/process.h"
#include "base/panic.h"
#include "kafka/endings.h"
#include "worker/dispatch/poison_list.h"
#include "worker/runtime/internal.h"
#include "worker/runtime/orphan.h"

static void on_terminate(uv_signal_t *handle, int signal)
{
    struct mr_worker *worker = handle->loop->data;
    (void)signal;
    mr_worker_begin_stop(worker, false, "SIGTERM");
    mr_worker_turn(worker);
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
    if (frame->kind == MR_FRAME_PREPARE && worker->phase == MR_PHASE_WORKING)
        mr_worker_prepare(worker, frame->body);
    else if (frame->kind == MR_FRAME_SWITCH && about_prepared && worker->phase == MR_PHASE_WORKING)
        mr_worker_switch(worker);
    else if (frame->kind == MR_FRAME_DISCARD && about_prepared)
        mr_worker_discard(worker);
    else if (frame->kind == MR_FRAME_STOP)
        mr_worker_begin_stop(worker, true, "the master stops");
    else if (frame->kind == MR_FRAME_RETIRE)
        mr_worker_begin_stop(worker, false, "the master replaces the worker");
    else if (frame->kind == MR_FRAME_REOPEN)
        mr_log_reopen();
    else if (frame->kind == MR_FRAME_POISON || frame->kind == MR_FRAME_HARMLESS)
        mr_poison_list_frame(&worker->dispatch, frame);
    mr_worker_turn(worker);
}

static void on_buried(void *data, const struct mr_message_id *id)
{
    mr_master_channel_buried(&((struct mr_worker *)data)->link, id);
}

static void on_master_gone(void *data)
{
    struct mr_worker *worker = data;
    mr_worker_begin_stop(worker, true, "the master has died");
    mr_worker_turn(worker);
}

static const struct mr_master_channel_events link_events = {on_frame, on_master_gone};

static int open_worker(struct mr_worker *worker)
{
    int error = mr_scoreboard_attach(&worker->board, MR_WORKER_SCOREBOARD_FD);
    if (error < 0) {
        fprintf(stderr,
                "moonroute worker: no scoreboard: %s (workers are started by 'moonroute run')\n",
                strerror(-error));
        return -1;
    }
    MR_ASSERT(worker->number < worker->board.slot_count);
    worker->slot = &worker->board.slots[worker->number];
    fcntl(MR_WORKER_PLACE_FD, F_SETFD, FD_CLOEXEC); /* if it is there */
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->reports_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    MR_ASSERT(worker->wake_fd >= 0 && worker->reports_fd >= 0);
    return 0;
}

/* Ignores the terminal's signals, because the master acts on them for all workers. */
static void ignore_signals(void)
{
    mr_process_ignore(SIGINT);
    mr_process_ignore(SIGHUP);
    mr_process_ignore(SIGUSR1);
    mr_process_ignore(SIGPIPE);
}

/* Enlarges libuv's pool, whose usual four threads are too few. Questions to the cluster wait there
 * for some seconds each, one per group and a few others. Steps of a transaction must not wait for
 * all of them. A thread that waits costs some kilobytes. */
static void size_pool(void)
{
    setenv("UV_THREADPOOL_SIZE", "16", 0);
}

static void start_loop(struct mr_worker *worker)
{
    size_pool();
    uv_loop_init(&worker->loop);
    worker->loop.data = worker;
    mr_worker_start_turning(worker);
    uv_signal_init(&worker->loop, &worker->terminate);
    uv_signal_start(&worker->terminate, on_terminate, SIGTERM);
    mr_process_listen();
    mr_master_channel_start(&worker->link, &worker->loop, MR_WORKER_CHANNEL_FD, &link_events,
                            worker);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

/* Closes all handles, and runs the loop until nothing is left on it. Open questions to the cluster
 * end within their time limits. */
static void stop_loop(struct mr_worker *worker)
{
    if (worker->rpc != NULL)
        mr_rpc_stop(worker->rpc);
    if (worker->outbox != NULL) {
        mr_broker_health_stop(&worker->broker);
        mr_groups_stop(worker->groups);
        mr_topic_metadata_stop(worker->catalogue);
        mr_topic_creation_stop(worker->provision);
        mr_outbox_reachable(worker->outbox, false);
        mr_transaction_stop(worker->transaction);
    }
    uv_walk(&worker->loop, close_handle, NULL);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    MR_ASSERT(uv_loop_close(&worker->loop) == 0);
}

static void free_worker(struct mr_worker *worker)
{
    mr_worker_discard(worker);
    if (worker->outbox != NULL) {
        mr_outbox_drop(worker->outbox);
        mr_groups_free(worker->groups);
        mr_rpc_free(worker->rpc);
        mr_topic_metadata_free(worker->catalogue);
        mr_topic_creation_free(worker->provision);
        mr_transaction_free(worker->transaction);
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
    mr_orphan_forget_slot();
    mr_scoreboard_close(&worker->board);
    close(worker->wake_fd);
    close(worker->reports_fd);
}

/* Waits for librdkafka's clients to end. Everything is committed, and every client has left its
 * group or never will. */
static void end_clients(void)
{
    enum { CLIENTS_END_MS = 1000 };
    if (!mr_endings_await(CLIENTS_END_MS))
        mr_log(
            MR_LOG_WARN, "clients_left",
            MR_S("message", "librdkafka does not end a client; the client ends with the process"));
}

static int exit_code(const struct mr_worker *worker)
{
    if (worker->fenced)
        return MR_EXIT_FENCED;
    if (worker->failed)
        return MR_EXIT_INTERNAL;
    return worker->full ? MR_EXIT_FULL : MR_EXIT_OK;
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
    mr_orphan_watch(MR_WORKER_CHANNEL_FD, worker->slot);
    worker->dispatch.slot = worker->slot;
    worker->dispatch.timers = &worker->timers;
    worker->dispatch.random = mr_clock_ns() ^ (slot << 48);
    worker->dispatch.partitions.timers = &worker->timers;
    worker->dispatch.partitions.schedule = &worker->dispatch.schedule;
    worker->dispatch.buried = on_buried;
    worker->dispatch.buried_data = worker;
    worker->dispatch.doubted = mr_worker_doubt_topics;
    worker->dispatch.doubted_data = worker;
    start_loop(worker);
    mr_worker_show_state(worker);
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    stop_loop(worker);
    free_worker(worker);
    end_clients();
    int code = exit_code(worker);
    free(worker);
    return code;
}
