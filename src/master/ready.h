/* Logs when every worker is ready for the first time, and logs the reasons if that takes long. */
#ifndef MR_MASTER_READY_H
#define MR_MASTER_READY_H

#include <uv.h>

#include "master/view.h"

struct mr_ready {
    void (*look)(void *context, struct mr_view *view);
    void (*ready)(void *context); /* called once */
    void *context;
    uv_timer_t timer;
    bool said_late;
};

enum {
    MR_READY_LOOK = 20,    /* ms between looks, until all are ready */
    MR_READY_LATE = 10000, /* ms after the start, if not ready by then: a warning */
};

/* Starts to look. The caller has set `look`, `ready` and `context`. */
void mr_ready_start(struct mr_ready *ready, uv_loop_t *loop);
void mr_ready_stop(struct mr_ready *ready);
/* Closes the timer. The loop must run once more; `ready` must last until then. */
void mr_ready_close(struct mr_ready *ready);

#endif
