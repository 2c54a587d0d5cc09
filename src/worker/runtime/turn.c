#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/endings.h"
#include "worker/consumer/fullness.h"
#include "worker/consumer/shelf.h"
#include "worker/dispatch/suspects.h"
#include "worker/handler/age.h"
#include "worker/handler/memory.h"
#include "worker/runtime/internal.h"

/* A turn takes messages and runs handlers for TURN_NS. Then signals, timers, the master's channel,
 * reports and commits get their time.
 *
 * A turn takes CHUNK messages of each group at once. If handlers ran for long since the last time,
 * it goes on for a quarter as long, TURN_NS at most. So messages behind a backlog are found between
 * two handlers. Handlers run for SLICE_NS before messages are taken again. A run of a handler is
 * not divided: each of these times may last one run longer. */
enum { TURN_NS = 4000000, SLICE_NS = 500000, CHUNK = 64 };

/* If so many bytes of replies wait for their handlers to go on, further replies stay in
 * librdkafka's queue. A turn takes at most REPLIES of them. */
enum { REPLY_BYTES = 8 << 20, REPLIES = 1000 };

enum {
    HEARTBEAT_MS = 1000,
    PATIENCE_MS = 10000,
    SOON_MS = 4, /* see watch_reports */
};

static void on_more(uv_idle_t *handle);
static void on_wake(uv_poll_t *handle, int status, int events);

static bool is_crowded(const struct mr_worker *worker)
{
    return worker->phase == MR_PHASE_WORKING &&
           (mr_outbox_crowded(worker->outbox, worker->dispatch.partitions.stuck.record_bytes) ||
            mr_partitions_crowded(&worker->dispatch.partitions));
}

/* Returns true if messages may be taken. While too much is on its way, messages stay in
 * librdkafka's bounded queue. If that lasts for PATIENCE_MS, partitions are paused, because a group
 * member has to poll now and then. Messages that were fetched are then dropped, and come again. */
static bool may_take(struct mr_worker *worker)
{
    uint64_t now = mr_clock_ms();
    bool crowded = is_crowded(worker);
    if (mr_stuck_look(&worker->dispatch.partitions, crowded, mr_clock_ns()))
        crowded = is_crowded(worker);
    if (!crowded)
        worker->uncrowded = now;
    worker->long_crowded = now - worker->uncrowded >= PATIENCE_MS;
    if (worker->phase == MR_PHASE_WORKING)
        mr_groups_hold(worker->groups, worker->long_crowded);
    return !crowded || worker->long_crowded;
}

/* If the worker is stopping, it takes every message, because it drops the message at once. Leaves
 * out the outbox: may_take() has looked at it, and taking messages sends no records. */
bool mr_worker_has_room(const struct mr_worker *worker, const struct mr_consumer *consumer)
{
    return worker->phase != MR_PHASE_WORKING ||
           (!mr_partitions_wait(&worker->dispatch.partitions, consumer) &&
            (worker->long_crowded || !mr_partitions_crowded(&worker->dispatch.partitions)));
}

/* Decides if reports wake the loop. A wake-up costs more than the reports of a few records. If
 * messages come often, the turn for the next messages serves the reports too. If none come within
 * SOON_MS, the alarm's turn does. */
static void watch_reports(struct mr_worker *worker, bool taken)
{
    uint64_t now = mr_clock_ms();
    bool often = taken && now - worker->took <= SOON_MS;
    if (taken)
        worker->took = now;
    if (often && worker->phase == MR_PHASE_WORKING)
        uv_poll_stop(&worker->reports);
    else if (!uv_is_active((uv_handle_t *)&worker->reports))
        uv_poll_start(&worker->reports, UV_READABLE, on_wake);
}

/* Takes messages. Returns true if some may be left. */
static bool take(struct mr_worker *worker, size_t *taken)
{
    bool more;
    uint64_t now = mr_clock_ns();
    uint64_t ends = now + (worker->ran / 4 < TURN_NS ? worker->ran / 4 : TURN_NS);
    do {
        *taken += mr_groups_take(worker->groups, CHUNK, ends, &more);
    } while (more && mr_clock_ns() < ends);
    return more;
}

static void run_handlers(struct mr_worker *worker, uint64_t ends)
{
    uint64_t from = mr_clock_ns();
    mr_dispatch_run(&worker->dispatch, from + SLICE_NS < ends ? from + SLICE_NS : ends);
    worker->ran = mr_clock_ns() - from;
}

/* Takes replies and messages, and runs handlers. Returns true if work is left. */
static bool work(struct mr_worker *worker, size_t *taken)
{
    bool more, waited;
    uint64_t ends = mr_clock_ns() + TURN_NS;
    if (worker->dispatch.schedule.reply_bytes < REPLY_BYTES)
        mr_rpc_poll(worker->rpc, REPLIES);
    do {
        more = worker->dispatch.routes != NULL && may_take(worker) && take(worker, taken);
        waited = worker->dispatch.partitions.full > 0;
        run_handlers(worker, ends);
        more = more || (waited && worker->dispatch.partitions.full == 0) ||
               mr_schedule_busy(&worker->dispatch.schedule);
    } while (more && mr_clock_ns() < ends);
    return more;
}

/* Sends records, stores offsets, and lets transactions and groups go on. */
static void finish_turn(struct mr_worker *worker, bool more)
{
    if (more && !worker->dispatch.hurry)
        mr_outbox_gather(worker->outbox, mr_clock_ns());
    else
        mr_outbox_flush(worker->outbox);
    worker->dispatch.hurry = false;
    mr_transaction_poll(worker->transaction, worker->phase != MR_PHASE_WORKING);
    mr_partitions_store(&worker->dispatch.partitions);
    mr_shelf_look(&worker->dispatch.partitions);
    mr_groups_further(worker->groups);
}

void mr_worker_turn(struct mr_worker *worker)
{
    size_t taken = 0;
    bool more = false;
    mr_master_channel_read(&worker->link); /* new code, before messages that came after it */
    mr_log_flush();
    mr_dispatch_tick(&worker->dispatch);
    mr_timers_run(&worker->timers, mr_clock_ms());
    if (worker->groups != NULL) {
        mr_outbox_poll(worker->outbox);
        mr_groups_serve(worker->groups);
        mr_suspects_look(&worker->dispatch);
        more = work(worker, &taken);
        finish_turn(worker, more);
        mr_serving_look(&worker->serving, worker->slot, worker->groups, &worker->broker,
                        worker->dispatch.routes, worker->rpc, &worker->dispatch.partitions);
        mr_worker_show_state(worker);
    }
    if (worker->phase == MR_PHASE_WORKING && mr_memory_further(&worker->dispatch)) {
        worker->full = true;
        mr_worker_begin_stop(worker, false, "the scripts keep too much memory");
    }
    if (worker->failed)
        mr_worker_begin_stop(worker, false, "a Kafka client has failed for good");
    if (worker->phase != MR_PHASE_WORKING) {
        mr_halt_sweep(&worker->dispatch);
        mr_worker_stop_further(worker);
    }
    if (more)
        uv_idle_start(&worker->more, on_more);
    else
        uv_idle_stop(&worker->more);
    watch_reports(worker, taken > 0);
}

static void on_more(uv_idle_t *handle)
{
    mr_worker_turn(handle->loop->data);
}

static void on_alarm(uv_timer_t *handle)
{
    mr_worker_turn(handle->loop->data);
}

/* Sets the alarm for the next timer, whether a turn armed it or another event of the loop. If
 * reports do not wake the loop, the alarm comes within SOON_MS. */
static void on_asleep(uv_prepare_t *handle)
{
    struct mr_worker *worker = handle->loop->data;
    uint64_t due, now = mr_clock_ms();
    bool unwatched = !uv_is_active((const uv_handle_t *)&worker->reports);
    bool set = mr_timers_next(&worker->timers, &due);
    if (unwatched && (!set || due > now + SOON_MS))
        due = now + SOON_MS;
    if (!unwatched && !set) {
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
    int fd = handle == &worker->wake ? worker->wake_fd : worker->reports_fd;
    ssize_t got = read(fd, &count, sizeof(count));
    (void)got; /* the first reader drains it; the turn looks at everything anyway */
    mr_worker_turn(worker);
}

/* Shows the master that the loop turns, and polls. A group member that does not poll within
 * max.poll.interval.ms is removed, even if it has nothing to do. */
static void on_heartbeat(uv_timer_t *handle)
{
    struct mr_worker *worker = handle->loop->data;
    mr_cell_set(&worker->slot->heartbeat, mr_clock_ms());
    mr_cell_set(&worker->slot->gauges[MR_CLIENTS_ENDING], mr_endings_pending());
    mr_cell_add(&worker->slot->counters[MR_LOG_LINES_DROPPED], mr_log_lost());
    if (worker->vm != NULL) {
        mr_cell_set(&worker->slot->gauges[MR_LUA_MEMORY_BYTES], mr_vm_memory(worker->vm));
        mr_memory_show(&worker->dispatch);
        mr_age_look(&worker->dispatch, mr_clock_ns());
    }
    mr_worker_turn(worker);
}

void mr_worker_start_turning(struct mr_worker *worker)
{
    uv_poll_init(&worker->loop, &worker->wake, worker->wake_fd);
    uv_poll_start(&worker->wake, UV_READABLE, on_wake);
    uv_poll_init(&worker->loop, &worker->reports, worker->reports_fd);
    uv_idle_init(&worker->loop, &worker->more);
    uv_prepare_init(&worker->loop, &worker->asleep);
    uv_prepare_start(&worker->asleep, on_asleep);
    uv_timer_init(&worker->loop, &worker->alarm);
    uv_timer_init(&worker->loop, &worker->heartbeat);
    uv_timer_start(&worker->heartbeat, on_heartbeat, 0, HEARTBEAT_MS);
}
