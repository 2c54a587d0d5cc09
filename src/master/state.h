/* What the rooms that make up the running master share (master.c, events.c); seen nowhere else. */
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
    char *service;
    bool stopping, interrupted;
    /* What the worker that ended last was amid. */
    struct {
        bool loading, handling;
    } ended;
    int exit_code;
};

/* events.c: what the master does about what happens. */
/* The configuration in force; before the workers have accepted the first there is none. */
const struct mr_snapshot *mr_master_accepted(struct mr_master *master);
/* Ends the workers, then the loop; once, again is nothing. */
void mr_master_stop(struct mr_master *master, int exit_code);
void mr_master_on_signal(void *context, int number);
void mr_master_on_changed(void *context); /* a file that is watched has changed */
extern const struct mr_workers_host mr_master_workers_host;
extern const struct mr_overrun_host mr_master_overrun_host;
extern const struct mr_wedge_host mr_master_wedge_host;
extern const struct mr_reload_host mr_master_reload_host;
extern const struct mr_guard_host mr_master_guard_host;

#endif
