
#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "base/panic.h"
#include "worker/runtime/internal.h"

enum {
    CANCEL_MOST_MS = 500,  /* for handlers to end after their requests are cancelled */
    LEAVE_LIMIT_MS = 1000, /* to commit and leave the groups, beyond shutdown_timeout at most */
    LOOK_MS = 20,          /* pause between looks that check if the phase is over */
};

static void on_look(struct mr_timer *timer)
{
    struct mr_worker *worker = MR_CONTAINER(timer, struct mr_worker, look);
    mr_timers_arm(&worker->timers, &worker->look, mr_clock_ms() + LOOK_MS, on_look);
}

static void enter(struct mr_worker *worker, enum mr_phase phase)
{
    worker->phase = phase;
    mr_worker_show_state(worker);
}

static void finish(struct mr_worker *worker)
{
    enter(worker, MR_PHASE_DONE);
    uv_stop(&worker->loop);
}

/* Returns true if the worker may leave its groups. A member that leaves makes its group rebalance,
 * which refuses the commits of members still at work. The messages that they have answered would be
 * handled again. So if all workers stop, they leave together. */
static bool all_finished(const struct mr_worker *worker)
{
    for (uint64_t i = 0; worker->all_stop && i < worker->board.slot_count; i++) {
        uint64_t state = mr_cell_get(&worker->board.slots[i].state);
        if (state != MR_WORKER_NONE && state != MR_WORKER_FINISHED)
            return false;
    }
    return true;
}

/* Gives an error to handlers that still wait for answers, a tenth of shutdown_timeout before its
 * end, but at most CANCEL_MOST_MS before. They may go on without the answers, and the records that
 * they send then are acknowledged in time. */
static void cancel(struct mr_worker *worker)
{
    if (mr_clock_ms() >= worker->cancel_at && !worker->dispatch.cancelled)
        mr_halt_cancel(&worker->dispatch);
}

static void abandon(struct mr_worker *worker)
{
    mr_halt_abandon(&worker->dispatch);
    mr_transaction_abandon(worker->transaction);
    mr_outbox_drop(worker->outbox);
    MR_ASSERT(worker->dispatch.jobs == 0);
}

static void commit(struct mr_worker *worker)
{
    mr_partitions_store(&worker->dispatch.partitions);
    mr_groups_commit(worker->groups);
    worker->phase_ends += LEAVE_LIMIT_MS;
    enter(worker, MR_PHASE_COMMITTING);
}

static void leave(struct mr_worker *worker)
{
    mr_groups_close(worker->groups, !worker->all_stop);
    enter(worker, MR_PHASE_LEAVING);
}

/* Returns true if the time is over, or if no broker is reachable: then nobody takes a commit, and
 * no group can be left. */
static bool in_vain(const struct mr_worker *worker)
{
    return mr_clock_ms() >= worker->phase_ends || worker->broker.state != MR_BROKER_UP;
}

void mr_worker_stop_further(struct mr_worker *worker)
{
    bool late = mr_clock_ms() >= worker->phase_ends;
    if (worker->phase == MR_PHASE_FINISHING)
        cancel(worker);
    if (worker->phase == MR_PHASE_FINISHING && late)
        abandon(worker);
    if (worker->phase == MR_PHASE_FINISHING && worker->dispatch.jobs == 0)
        commit(worker);
    else if (worker->phase == MR_PHASE_COMMITTING &&
             (in_vain(worker) || mr_groups_committed(worker->groups)))
        enter(worker, MR_PHASE_FINISHED);
    else if (worker->phase == MR_PHASE_FINISHED && (late || all_finished(worker)))
        leave(worker);
    else if (worker->phase == MR_PHASE_LEAVING &&
             (in_vain(worker) || mr_groups_closed(worker->groups)))
        finish(worker);
}

void mr_worker_begin_stop(struct mr_worker *worker, bool all_stop, const char *why)
{
    if (worker->phase != MR_PHASE_WORKING)
        return;
    worker->all_stop = all_stop;
    mr_log(MR_LOG_INFO, "worker_stopping", MR_S("message", why));
    if (worker->groups == NULL) {
        finish(worker);
        return;
    }
    const struct mr_snapshot *current = worker->snapshot != NULL ? worker->snapshot : worker->kafka;
    uint64_t patience =
        worker->failed ? 0 : (uint64_t)mr_config_integer(current->config, "shutdown_timeout");
    worker->phase_ends = mr_clock_ms() + patience;
    worker->cancel_at =
        worker->phase_ends - (patience / 10 < CANCEL_MOST_MS ? patience / 10 : CANCEL_MOST_MS);
    mr_timers_arm(&worker->timers, &worker->look, mr_clock_ms(), on_look);
    enter(worker, MR_PHASE_FINISHING);
    mr_groups_hold(worker->groups, true);
    mr_halt_stop(&worker->dispatch);
    mr_broker_health_stop(&worker->broker);
}
