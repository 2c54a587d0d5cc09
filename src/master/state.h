/* The state of the running master, shared by master.c and events.c and seen nowhere else. */
#ifndef MR_MASTER_STATE_H
#define MR_MASTER_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "config/snapshot.h"
#include "master/admin.h"
#include "master/guard.h"
#include "master/master.h"
#include "master/overrun.h"
#include "master/ready.h"
#include "master/reload.h"
#include "master/signals.h"
#include "master/watch.h"
#include "master/wedge.h"
#include "master/workers.h"

struct mr_master {
    const struct mr_master_options *options;
    uint64_t started;
    uv_loop_t loop;
    struct mr_scoreboard board;
    struct mr_workers *workers;
    struct mr_overrun *overrun;
    struct mr_wedge *wedge;
    struct mr_guard guard;
    struct mr_reload *reload;
    struct mr_admin *admin;
    struct mr_watch *watch;
    struct mr_signals signals;
    struct mr_ready ready;
    uv_timer_t stop_timer;
    uv_timer_t log_timer; /* writes lines of the log that wait */
    char *service;
    bool stopping, interrupted;
    /* The work amid which the last worker ended. */
    struct {
        bool loading, handling;
    } ended;
    int exit_code;
};

/* events.c: how the master reacts to events. */
/* Returns the accepted snapshot, or NULL before the workers have accepted the first one. */
const struct mr_snapshot *mr_master_accepted(struct mr_master *master);
/* Stops the workers, then the loop. Does nothing if the master is stopping already. */
void mr_master_stop(struct mr_master *master, int exit_code);
void mr_master_on_signal(void *context, int number);
void mr_master_on_changed(void *context); /* a watched file has changed */
extern const struct mr_workers_host mr_master_workers_host;
extern const struct mr_overrun_host mr_master_overrun_host;
extern const struct mr_wedge_host mr_master_wedge_host;
extern const struct mr_reload_host mr_master_reload_host;
extern const struct mr_guard_host mr_master_guard_host;

#endif
