#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/endings.h"
#include "worker/state.h"

enum {
    BATCH = 1000, /* messages taken before timers and the channel get their turn */
    HEARTBEAT_MS = 1000,
    PATIENCE_MS = 10000,
    SOON_MS = 4, /* see watch_reports */
};

static void on_more(uv_idle_t *handle);
static void on_wake(uv_poll_t *handle, int status, int events);
static void set_alarm(struct mr_worker *worker);

void mr_worker_show_state(struct mr_worker *worker)
{
    bool ready = worker->groups != NULL && mr_groups_joined(worker->groups) &&
                 worker->broker.state == MR_BROKER_UP;
    enum mr_worker_state state = worker->phase >= MR_PHASE_FINISHED  ? MR_WORKER_FINISHED
                                 : worker->phase != MR_PHASE_WORKING ? MR_WORKER_STOPPING
                                 : ready                             ? MR_WORKER_READY
                                 : worker->dispatch.routes           ? MR_WORKER_LOADED
                                                                     : MR_WORKER_STARTING;
    if (mr_cell_get(&worker->slot->state) == state)
        return;
    mr_cell_set(&worker->slot->state, state);
    if (state == MR_WORKER_READY)
        mr_log(MR_LOG_INFO, "worker_ready", MR_I("pid", getpid()));
}

static bool is_crowded(const struct mr_worker *worker)
{
    return worker->phase == MR_PHASE_WORKING &&
           (mr_outbox_crowded(worker->outbox) ||
            worker->dispatch.partitions.bytes >= MR_PARTITIONS_BYTES);
}

/* While too much is on its way messages stay where they are, in librdkafka's bounded queue. Where
 * that takes long partitions are paused, since a group member has to poll now and then; what was
 * fetched is then thrown away and comes again. */
static bool may_take(struct mr_worker *worker)
{
    uint64_t now = mr_clock_ms();
    bool crowded = is_crowded(worker);
    if (!crowded)
        worker->uncrowded = now;
    worker->long_crowded = now - worker->uncrowded >= PATIENCE_MS;
    if (worker->phase == MR_PHASE_WORKING)
        mr_groups_hold(worker->groups, worker->long_crowded);
    return !crowded || worker->long_crowded;
}

/* A worker that stops takes what comes, since it drops it at once. */
bool mr_worker_has_room(const struct mr_worker *worker)
{
    return worker->phase != MR_PHASE_WORKING ||
           (worker->dispatch.partitions.full == 0 && (worker->long_crowded || !is_crowded(worker)));
}

/* Waking up costs more than the reports of a few records do. So where messages come often a turn
 * for the next ones serves them, too; where none come within SOON_MS, the alarm's. */
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

void mr_worker_turn(struct mr_worker *worker)
{
    size_t taken = 0;
    bool held = false;
    mr_link_read(&worker->link); /* new code, before messages that came after it */
    mr_dispatch_tick(&worker->dispatch);
    mr_timers_run(&worker->timers, mr_clock_ms());
    if (worker->groups != NULL) {
        mr_outbox_poll(worker->outbox);
        mr_rpc_poll(worker->rpc);
        if (worker->dispatch.routes != NULL && may_take(worker))
            taken = mr_groups_poll(worker->groups, BATCH);
        held = worker->dispatch.partitions.full > 0;
        mr_dispatch_run(&worker->dispatch);
        if (taken == BATCH)
            mr_outbox_gather(worker->outbox, mr_clock_ns());
        else
            mr_outbox_flush(worker->outbox);
        mr_transaction_poll(worker->transaction, worker->phase != MR_PHASE_WORKING);
        mr_partitions_store(&worker->dispatch.partitions);
        mr_groups_further(worker->groups);
    }
    if (worker->failed)
        mr_worker_begin_stop(worker, false, "a Kafka client has failed for good");
    if (worker->phase != MR_PHASE_WORKING)
        mr_worker_stop_further(worker);
    if (taken == BATCH || (held && worker->dispatch.partitions.full == 0))
        uv_idle_start(&worker->more, on_more);
    else
        uv_idle_stop(&worker->more);
    watch_reports(worker, taken > 0);
    set_alarm(worker);
}

static void on_more(uv_idle_t *handle)
{
    mr_worker_turn(handle->loop->data);
}

static void on_alarm(uv_timer_t *handle)
{
    mr_worker_turn(handle->loop->data);
}

static void set_alarm(struct mr_worker *worker)
{
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
    (void)got; /* drained by whoever reads first; the turn looks at everything anyway */
    mr_worker_turn(worker);
}

/* Tells the master that the loop turns; and polls, since a group member that does not poll within
 * max.poll.interval.ms is thrown out even when it has nothing to do. */
static void on_heartbeat(uv_timer_t *handle)
{
    struct mr_worker *worker = handle->loop->data;
    mr_cell_set(&worker->slot->heartbeat, mr_clock_ms());
    mr_cell_set(&worker->slot->gauges[MR_CLIENTS_ENDING], mr_endings_pending());
    if (worker->vm != NULL)
        mr_cell_set(&worker->slot->gauges[MR_LUA_MEMORY_BYTES], mr_vm_memory(worker->vm));
    mr_worker_turn(worker);
}

void mr_worker_start_turning(struct mr_worker *worker)
{
    uv_poll_init(&worker->loop, &worker->wake, worker->wake_fd);
    uv_poll_start(&worker->wake, UV_READABLE, on_wake);
    uv_poll_init(&worker->loop, &worker->reports, worker->reports_fd);
    uv_idle_init(&worker->loop, &worker->more);
    uv_timer_init(&worker->loop, &worker->alarm);
    uv_timer_init(&worker->loop, &worker->heartbeat);
    uv_timer_start(&worker->heartbeat, on_heartbeat, 0, HEARTBEAT_MS);
}
