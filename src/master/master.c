#include "master/master.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/print.h"
#include "master/cpus.h"
#include "master/state.h"

/* --- what the admin listener shows --- */

static void look(void *context, struct mr_view *view)
{
    struct mr_master *master = context;
    const struct mr_snapshot *snapshot = mr_master_accepted(master);
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
    struct mr_master *master = context;
    if (master->options->ready != NULL)
        master->options->ready(master->options->context, mr_master_accepted(master));
}

/* --- starting and running --- */

static uint64_t worker_count(const struct mr_config *config)
{
    uint64_t wanted = (uint64_t)mr_config_integer(config, "workers");
    return wanted > 0 ? wanted : mr_cpus();
}

static void on_log_timer(uv_timer_t *timer)
{
    (void)timer;
    mr_log_flush();
}

static void start_timers(struct mr_master *master)
{
    enum { LOG_MS = 1000 };
    MR_ASSERT(uv_timer_init(&master->loop, &master->log_timer) == 0);
    uv_timer_start(&master->log_timer, on_log_timer, LOG_MS, LOG_MS);
    master->ready.look = look;
    master->ready.ready = on_ready;
    master->ready.context = master;
    mr_ready_start(&master->ready, &master->loop);
    MR_ASSERT(uv_timer_init(&master->loop, &master->stop_timer) == 0);
    master->stop_timer.data = master;
}

static void start_watch(struct mr_master *master, const struct mr_config *config)
{
    if (master->options->watch)
        master->watch = mr_watch_new(&master->loop, mr_config_string(config, "scripts"),
                                     master->options->files, mr_master_on_changed, master);
}

static void start_workers(struct mr_master *master)
{
    int result = mr_workers_start(master->workers);
    if (result == 0)
        return;
    mr_print(stderr, "moonroute: cannot start a worker: %s\n", strerror(-result));
    mr_master_stop(master, MR_EXIT_INTERNAL);
}

/* Runs the loop until the master stops. Loop, scoreboard and rooms exist, and the snapshot is
 * handed out. Closes every handle that it opened. */
static void serve(struct mr_master *master)
{
    mr_log(MR_LOG_INFO, "started", MR_I("pid", getpid()),
           MR_I("workers", master->board.slot_count));
    start_timers(master);
    mr_signals_start(&master->signals, &master->loop, mr_master_on_signal, master);
    start_workers(master);
    if (mr_workers_alive(master->workers) > 0)
        uv_run(&master->loop, UV_RUN_DEFAULT);
    mr_ready_close(&master->ready);
    uv_close((uv_handle_t *)&master->stop_timer, NULL);
    uv_close((uv_handle_t *)&master->log_timer, NULL);
    mr_signals_stop(&master->signals);
    mr_log(MR_LOG_INFO, "stopped", MR_I("exit_code", master->exit_code));
}

/* Names the list of deaths by the messages that may be in it: those of a cluster and a group. */
static void keep_deaths(struct mr_master *master, const struct mr_config *config)
{
    struct mr_buf name = {0};
    mr_buf_printf(&name, "%s at %s", mr_config_string(config, "kafka.group_id"),
                  mr_config_list_text(config, "kafka.brokers"));
    mr_guard_keep(&master->guard, mr_buf_text(&name));
    mr_buf_free(&name);
}

static void run_with(struct mr_master *master, struct mr_snapshot *snapshot,
                     struct mr_errors *errors)
{
    MR_ASSERT(uv_loop_init(&master->loop) == 0);
    master->workers =
        mr_workers_new(&master->loop, &master->board, &mr_master_workers_host, master);
    const struct mr_config *config = snapshot->config;
    if (strcmp(mr_config_string(config, "kafka.group_instance_id"), "auto") == 0)
        mr_workers_claim_places(master->workers);
    master->service = mr_strdup(mr_config_string(config, "service"));
    master->overrun =
        mr_overrun_new(&master->loop, &master->board, &mr_master_overrun_host, master);
    master->wedge = mr_wedge_new(&master->loop, &master->board, &mr_master_wedge_host, master);
    master->guard = (struct mr_guard){
        .host = mr_master_guard_host, .context = master, .slot_count = master->board.slot_count};
    keep_deaths(master, config);
    start_watch(master, config);
    master->admin = mr_admin_new(&master->loop, "admin.listen",
                                 mr_config_string(config, "admin.listen"), look, master, errors);
    master->reload = mr_reload_new(&master->loop, master->options, snapshot,
                                   master->board.slot_count, &mr_master_reload_host, master);
    if (master->admin != NULL)
        serve(master);
    else
        master->exit_code = MR_EXIT_CONFIG;
    mr_watch_free(master->watch);
    mr_overrun_free(master->overrun);
    mr_wedge_free(master->wedge);
    mr_guard_free(&master->guard);
    mr_admin_free(master->admin);
    mr_reload_free(master->reload);
    mr_workers_free(master->workers);
    while (uv_run(&master->loop, UV_RUN_DEFAULT) != 0) /* again if a stop was requested before */
        continue;
    MR_ASSERT(uv_loop_close(&master->loop) == 0);
    free(master->service);
}

int mr_master_run(const struct mr_master_options *options)
{
    struct mr_master master = {.options = options, .started = mr_clock_ms()};
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
    mr_print(stderr, "%s", mr_errors_text(&errors));
    mr_errors_free(&errors);
    return master.exit_code;
}
