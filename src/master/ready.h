/* Notices when every worker is ready for the first time; says so, and says why where it takes long.
 */
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
    MR_READY_LOOK = 20,    /* ms between looks, until they are */
    MR_READY_LATE = 10000, /* ms after the start, after which the log says that they are not */
};

/* `ready`, look, ready and context set by the caller. */
void mr_ready_start(struct mr_ready *ready, uv_loop_t *loop);
void mr_ready_stop(struct mr_ready *ready);
/* Closes its handle (the loop has to run once more; `ready` outlives that). */
void mr_ready_close(struct mr_ready *ready);

#endif
