#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/panic.h"
#include "master/state.h"

const struct mr_snapshot *mr_master_accepted(struct mr_master *master)
{
    return mr_rollout_accepted(mr_reload_rollout(master->reload));
}

/* --- stopping --- */

static void on_stop_timer(uv_timer_t *timer)
{
    struct mr_master *master = timer->data;
    mr_workers_kill(master->workers, "the worker has not stopped within shutdown_timeout");
}

static void end_when_alone(struct mr_master *master)
{
    if (master->stopping && mr_workers_alive(master->workers) == 0)
        uv_stop(&master->loop);
}

void mr_master_stop(struct mr_master *master, int exit_code)
{
    if (master->stopping)
        return;
    const struct mr_snapshot *snapshot = mr_master_accepted(master);
    uint64_t limit =
        snapshot ? (uint64_t)mr_config_integer(snapshot->config, "shutdown_timeout") : 0;
    master->stopping = true;
    master->exit_code = exit_code;
    mr_log(MR_LOG_INFO, "stopping", MR_I("workers", mr_workers_alive(master->workers)));
    mr_reload_stop(master->reload);
    mr_workers_stop(master->workers);
    mr_ready_stop(&master->ready);
    uv_timer_start(&master->stop_timer, on_stop_timer, limit + MR_STOP_GRACE, 0);
    end_when_alone(master);
}

/* --- signals --- */

/* Stops gracefully on the first SIGINT, and kills the workers on the second: a person who presses
 * Ctrl-C twice means it. SIGTERM never kills, because it comes from programs that have a time-out
 * of their own. */
static void interrupt(struct mr_master *master)
{
    if (master->interrupted)
        mr_workers_kill(master->workers, "the router was interrupted twice");
    master->interrupted = true;
    mr_master_stop(master, MR_EXIT_OK);
}

void mr_master_on_signal(void *context, int number)
{
    struct mr_master *master = context;
    switch (number) {
    case SIGCHLD:
        mr_workers_reap(master->workers);
        return;
    case SIGHUP:
        mr_reload_request(master->reload);
        return;
    case SIGUSR1:
        mr_log_reopen();
        mr_workers_send_all(master->workers, MR_FRAME_REOPEN);
        return;
    case SIGINT:
        interrupt(master);
        return;
    case SIGTERM:
        mr_master_stop(master, MR_EXIT_OK);
        return;
    default:
        MR_UNREACHABLE("a signal that nobody asked for");
    }
}

/* --- workers, and what they run --- */

static void on_worker_started(void *context, uint64_t slot)
{
    struct mr_master *master = context;
    mr_overrun_reset(master->overrun, slot);
    mr_guard_started(&master->guard, slot);
    mr_rollout_started(mr_reload_rollout(master->reload), slot);
}

static void on_worker_frame(void *context, uint64_t slot, const struct mr_frame *frame)
{
    struct mr_master *master = context;
    mr_reload_frame(master->reload, slot, frame);
    mr_guard_frame(&master->guard, frame);
}

static void on_worker_died(void *context, uint64_t slot, const char *cause)
{
    struct mr_master *master = context;
    struct mr_running running;
    bool at_work = mr_slot_running(&master->board.slots[slot], &running);
    master->ended.handling = at_work && running.topic[0] != '\0';
    master->ended.loading = at_work && running.topic[0] == '\0';
    mr_guard_died(&master->guard, &master->board.slots[slot], cause);
}

/* Returns true if the snapshot that the worker was to load is not to blame for its end. That is so
 * if the worker was handling a message. It is also so if the worker had not begun to load and did
 * not crash: it exited, or was killed by SIGKILL or SIGTERM. Any other crash may come from reading
 * the snapshot. */
static bool is_of_something_else(const struct mr_master *master, int status)
{
    bool crashed =
        WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM;
    return master->ended.handling || (!master->ended.loading && !crashed);
}

static void on_worker_ended(void *context, uint64_t slot, int status)
{
    struct mr_master *master = context;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    /* The worker could only print the reason on standard error. Its successors would fail the same
     * way. */
    if (mr_master_accepted(master) == NULL && (code == MR_EXIT_DATA || code == MR_EXIT_CONFIG))
        mr_master_stop(master, code);
    mr_rollout_ended(mr_reload_rollout(master->reload), slot, is_of_something_else(master, status));
    master->ended.loading = master->ended.handling = false;
    end_when_alone(master);
}

static void send_frame(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body)
{
    struct mr_master *master = context;
    mr_workers_send(master->workers, slot, kind, body);
}

static void on_overrun(void *context, uint64_t slot, uint64_t run)
{
    struct mr_master *master = context;
    mr_workers_interrupt(master->workers, slot, run);
}

static void on_overran(void *context, uint64_t slot)
{
    struct mr_master *master = context;
    mr_workers_end(master->workers, slot, MR_FORCED_OVERRAN);
}

static uint64_t used(void *context, uint64_t slot)
{
    const struct mr_master *master = context;
    return mr_clock_process_ns((pid_t)mr_cell_get(&master->board.slots[slot].pid)) / 1000000;
}

static void on_silent(void *context, uint64_t slot, uint64_t silent)
{
    struct mr_master *master = context;
    mr_log(MR_LOG_ERROR, "worker_wedged", MR_I("worker", slot), MR_I("silent_ms", silent),
           MR_S("message", "the worker's loop stands still: the worker is asked to stop, and "
                           "killed if the loop does not move again"));
    mr_workers_retire(master->workers, slot);
}

static void on_wedged(void *context, uint64_t slot)
{
    struct mr_master *master = context;
    mr_workers_end(master->workers, slot, MR_FORCED_WEDGED);
}

static void on_unfit(void *context, uint64_t slot, struct mr_bytes why)
{
    struct mr_master *master = context;
    mr_log(MR_LOG_ERROR, "worker_unfit", MR_I("worker", slot), MR_B("message", why));
    mr_workers_retire(master->workers, slot);
}

static void on_first_refused(void *context, int code)
{
    mr_master_stop(context, code);
}

void mr_master_on_changed(void *context)
{
    mr_reload_request(((struct mr_master *)context)->reload);
}

const struct mr_workers_host mr_master_workers_host = {on_worker_started, on_worker_frame,
                                                       on_worker_died, on_worker_ended};
const struct mr_overrun_host mr_master_overrun_host = {on_overrun, on_overran, used};
const struct mr_wedge_host mr_master_wedge_host = {on_silent, on_wedged};
const struct mr_reload_host mr_master_reload_host = {send_frame, on_unfit, on_first_refused};
const struct mr_guard_host mr_master_guard_host = {send_frame};
