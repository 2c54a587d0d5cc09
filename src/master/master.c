#include "master/master.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/panic.h"
#include "master/admin.h"
#include "master/cpus.h"
#include "master/guard.h"
#include "master/overrun.h"
#include "master/ready.h"
#include "master/reload.h"
#include "master/signals.h"
#include "master/watch.h"
#include "master/workers.h"

/* Beyond shutdown_timeout, until workers that are left are ended by force. */
enum { STOP_GRACE = 2000 }; /* ms */

struct master {
    const struct mr_master_options *options;
    uint64_t started;
    uv_loop_t loop;
    struct mr_scoreboard board;
    struct mr_workers *workers;
    struct mr_overrun *overrun;
    struct mr_guard guard;
    struct mr_reload *reload;
    struct mr_admin *admin;
    struct mr_watch *watch;
    struct mr_signals signals;
    struct mr_ready ready;
    uv_timer_t stop_timer;
    char *service;
    bool stopping, interrupted;
    int exit_code;
};

/* The configuration in force; before the workers have accepted the first there is none. */
static const struct mr_snapshot *accepted(struct master *master)
{
    return mr_rollout_accepted(mr_reload_rollout(master->reload));
}

/* --- stopping --- */

static void on_stop_timer(uv_timer_t *timer)
{
    struct master *master = timer->data;
    mr_workers_kill(master->workers, "it has not stopped within shutdown_timeout");
}

static void end_when_alone(struct master *master)
{
    if (master->stopping && mr_workers_alive(master->workers) == 0)
        uv_stop(&master->loop);
}

static void stop(struct master *master, int exit_code)
{
    if (master->stopping)
        return;
    const struct mr_snapshot *snapshot = accepted(master);
    uint64_t limit =
        snapshot ? (uint64_t)mr_config_integer(snapshot->config, "shutdown_timeout") : 0;
    master->stopping = true;
    master->exit_code = exit_code;
    mr_log(MR_LOG_INFO, "stopping", MR_I("workers", mr_workers_alive(master->workers)));
    mr_reload_stop(master->reload);
    mr_workers_stop(master->workers);
    mr_ready_stop(&master->ready);
    uv_timer_start(&master->stop_timer, on_stop_timer, limit + STOP_GRACE, 0);
    end_when_alone(master);
}

/* --- signals --- */

/* The second Ctrl-C is meant: somebody looks on. SIGTERM is sent by programs that have a time-out
 * of their own. */
static void interrupt(struct master *master)
{
    if (master->interrupted)
        mr_workers_kill(master->workers, "it was interrupted twice");
    master->interrupted = true;
    stop(master, MR_EXIT_OK);
}

static void on_signal(void *context, int number)
{
    struct master *master = context;
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
        stop(master, MR_EXIT_OK);
        return;
    default:
        MR_UNREACHABLE("a signal that nobody asked for");
    }
}

/* --- the admin listener's view --- */

static void look(void *context, struct mr_view *view)
{
    struct master *master = context;
    const struct mr_snapshot *snapshot = accepted(master);
    *view = (struct mr_view){
        .version = master->options->version ? master->options->version : "",
        .service = master->service,
        .pid = getpid(),
        .now = mr_clock_ms(),
        .started = master->started,
        .generation = snapshot ? snapshot->generation : 0,
        .stopping = master->stopping,
        .board = &master->board,
        .histories = mr_workers_histories(master->workers),
    };
    for (int i = 0; i < MR_RELOAD_RESULTS; i++)
        view->reloads[i] = mr_reload_count(master->reload, (enum mr_reload_result)i);
    for (int i = 0; i < MR_DEATHS; i++)
        view->deaths[i] = mr_workers_deaths(master->workers, (enum mr_death)i);
}

static void on_ready(void *context)
{
    struct master *master = context;
    if (master->options->ready != NULL)
        master->options->ready(master->options->context, accepted(master));
}

/* --- workers and what they load --- */

static void on_worker_started(void *context, uint64_t slot)
{
    struct master *master = context;
    mr_overrun_reset(master->overrun, slot);
    mr_guard_started(&master->guard, slot);
    mr_rollout_started(mr_reload_rollout(master->reload), slot);
}

static void on_worker_frame(void *context, uint64_t slot, const struct mr_frame *frame)
{
    struct master *master = context;
    mr_reload_frame(master->reload, slot, frame);
    mr_guard_frame(&master->guard, frame);
}

static void on_worker_died(void *context, uint64_t slot, const char *cause)
{
    struct master *master = context;
    mr_guard_died(&master->guard, &master->board.slots[slot], cause);
}

static void on_worker_ended(void *context, uint64_t slot, int status)
{
    struct master *master = context;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    /* It has said why on standard error, being unable to do better; its successors would fare no
     * better. */
    if (accepted(master) == NULL && (code == MR_EXIT_DATA || code == MR_EXIT_CONFIG))
        stop(master, code);
    mr_rollout_ended(mr_reload_rollout(master->reload), slot);
    end_when_alone(master);
}

static void send_frame(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body)
{
    struct master *master = context;
    mr_workers_send(master->workers, slot, kind, body);
}

static void on_overrun(void *context, uint64_t slot, uint64_t run)
{
    struct master *master = context;
    mr_workers_interrupt(master->workers, slot, run);
}

static void on_wedged(void *context, uint64_t slot)
{
    struct master *master = context;
    mr_workers_end_overrun(master->workers, slot);
}

static void on_unfit(void *context, uint64_t slot, struct mr_bytes why)
{
    struct master *master = context;
    mr_log(MR_LOG_ERROR, "worker_unfit", MR_I("worker", slot), MR_B("message", why));
    mr_workers_retire(master->workers, slot);
}

static void on_first_refused(void *context, int code)
{
    stop(context, code);
}

static void on_changed(void *context)
{
    mr_reload_request(((struct master *)context)->reload);
}

static const struct mr_workers_host workers_host = {on_worker_started, on_worker_frame,
                                                    on_worker_died, on_worker_ended};
static const struct mr_overrun_host overrun_host = {on_overrun, on_wedged};
static const struct mr_reload_host reload_host = {send_frame, on_unfit, on_first_refused};

/* --- the ladder --- */

static uint64_t worker_count(const struct mr_config *config)
{
    uint64_t wanted = (uint64_t)mr_config_integer(config, "workers");
    return wanted > 0 ? wanted : mr_cpus();
}

static void start_timers(struct master *master)
{
    master->ready.look = look;
    master->ready.ready = on_ready;
    master->ready.context = master;
    mr_ready_start(&master->ready, &master->loop);
    MR_ASSERT(uv_timer_init(&master->loop, &master->stop_timer) == 0);
    master->stop_timer.data = master;
}

static void start_watch(struct master *master, const struct mr_config *config)
{
    if (master->options->watch)
        master->watch = mr_watch_new(&master->loop, mr_config_string(config, "scripts"),
                                     master->options->files, on_changed, master);
}

static void start_workers(struct master *master)
{
    int result = mr_workers_start(master->workers);
    if (result == 0)
        return;
    fprintf(stderr, "moonroute: cannot start a worker: %s\n", strerror(-result));
    stop(master, MR_EXIT_INTERNAL);
}

/* Loop, board and rooms are there and the snapshot is handed out; every handle is closed again in
 * the end. */
static void serve(struct master *master)
{
    mr_log(MR_LOG_INFO, "started", MR_I("pid", getpid()),
           MR_I("workers", master->board.slot_count));
    start_timers(master);
    mr_signals_start(&master->signals, &master->loop, on_signal, master);
    start_workers(master);
    if (mr_workers_alive(master->workers) > 0)
        uv_run(&master->loop, UV_RUN_DEFAULT);
    mr_ready_close(&master->ready);
    uv_close((uv_handle_t *)&master->stop_timer, NULL);
    mr_signals_stop(&master->signals);
    mr_log(MR_LOG_INFO, "stopped", MR_I("exit_code", master->exit_code));
}

static void run_with(struct master *master, struct mr_snapshot *snapshot, struct mr_errors *errors)
{
    MR_ASSERT(uv_loop_init(&master->loop) == 0);
    master->workers = mr_workers_new(&master->loop, &master->board, &workers_host, master);
    const struct mr_config *config = snapshot->config;
    master->service = mr_strdup(mr_config_string(config, "service"));
    master->overrun = mr_overrun_new(&master->loop, &master->board, &overrun_host, master);
    master->guard = (struct mr_guard){
        .host = {send_frame}, .context = master, .slot_count = master->board.slot_count};
    start_watch(master, config);
    master->admin = mr_admin_new(&master->loop, "admin.listen",
                                 mr_config_string(config, "admin.listen"), look, master, errors);
    master->reload = mr_reload_new(&master->loop, master->options, snapshot,
                                   master->board.slot_count, &reload_host, master);
    if (master->admin != NULL)
        serve(master);
    else
        master->exit_code = MR_EXIT_CONFIG;
    mr_watch_free(master->watch);
    mr_overrun_free(master->overrun);
    mr_guard_free(&master->guard);
    mr_admin_free(master->admin);
    mr_reload_free(master->reload);
    mr_workers_free(master->workers);
    while (uv_run(&master->loop, UV_RUN_DEFAULT) != 0) /* again where it was told to stop already */
        continue;
    MR_ASSERT(uv_loop_close(&master->loop) == 0);
    free(master->service);
}

int mr_master_run(const struct mr_master_options *options)
{
    struct master master = {.options = options, .started = mr_clock_ms()};
    struct mr_errors errors = {0};
    struct mr_snapshot *snapshot = options->read(options->context, 1, &errors);
    if (snapshot == NULL) {
        master.exit_code = MR_EXIT_DATA;
    } else {
        int result = mr_scoreboard_create(&master.board, worker_count(snapshot->config));
        if (result == 0) {
            run_with(&master, snapshot, &errors);
            mr_scoreboard_close(&master.board);
        } else {
            mr_errors_add(&errors, "cannot make the scoreboard: %s", strerror(-result));
            master.exit_code = MR_EXIT_INTERNAL;
            mr_snapshot_free(snapshot);
        }
    }
    fputs(mr_errors_text(&errors), stderr);
    mr_errors_free(&errors);
    return master.exit_code;
}
