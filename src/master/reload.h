/* Reads configuration and scripts anew, lets the rollout bring them to the workers, logs the result
 * and counts it. The first load, at the start, is the same, but there is nothing to fall back to if
 * it is refused. */
#ifndef MR_MASTER_RELOAD_H
#define MR_MASTER_RELOAD_H

#include <uv.h>

#include "base/metrics.h"
#include "master/master.h"
#include "master/rollout.h"

struct mr_reload;

/* If the first worker has not loaded the new scripts after this time, or the others after the same
 * time again, the reload is refused. */
enum { MR_RELOAD_TIME = 30000 }; /* ms */

struct mr_reload_host {
    void (*send)(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body);
    void (*unfit)(void *context, uint64_t slot, struct mr_bytes why); /* as in rollout.h */
    /* The first snapshot was refused; the reason is on standard error. */
    void (*failed)(void *context, int code);
};

/* Takes over `first`, which every worker started after this gets. Borrows `loop` and `options`;
 * copies `host`. */
struct mr_reload *mr_reload_new(uv_loop_t *loop, const struct mr_master_options *options,
                                struct mr_snapshot *first, uint64_t slot_count,
                                const struct mr_reload_host *host, void *context);
/* Closes the timers. The loop must run once more. NULL is allowed. */
void mr_reload_free(struct mr_reload *reload);

/* Starts a reload. If another one is going on, queues one to follow it. */
void mr_reload_request(struct mr_reload *reload);
/* Prevents further reloads. A reload that is going on has no time limit any more, and its refusal
 * is ignored. */
void mr_reload_stop(struct mr_reload *reload);
/* Takes a worker's MR_FRAME_LOADED or MR_FRAME_REFUSED; ignores other frames. */
void mr_reload_frame(struct mr_reload *reload, uint64_t slot, const struct mr_frame *frame);
struct mr_rollout *mr_reload_rollout(struct mr_reload *reload);
uint64_t mr_reload_count(const struct mr_reload *reload, enum mr_reload_result result);

#endif
