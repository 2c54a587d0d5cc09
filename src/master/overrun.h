/* Ends runs of Lua that exceed budget.time. A worker shows since when its run has been going on. A
 * run over its budget is interrupted, again and again. If the run goes on although the worker has
 * used the CPU for the same time again, the worker is killed. Only CPU time counts: a worker to
 * which the machine gives no CPU cannot end its run.
 *
 * One look per shortest budget is enough: a run is seen before it passes its budget, and looked at
 * again at that very moment. An idle router looks once per second. */
#ifndef MR_MASTER_OVERRUN_H
#define MR_MASTER_OVERRUN_H

#include <stdint.h>
#include <uv.h>

#include "base/scoreboard.h"

struct mr_overrun;

struct mr_overrun_host {
    void (*interrupt)(void *context, uint64_t slot, uint64_t run);
    void (*kill)(void *context, uint64_t slot);
    uint64_t (*used)(void *context, uint64_t slot); /* ms of the CPU that the slot's worker used */
};

/* Bounds of the pause between looks, in ms. Within them, the pause is the shortest budget. */
enum { MR_OVERRUN_LOOK = 10, MR_OVERRUN_IDLE = 1000 };

/* Starts to look. Borrows `loop` and `board`, which must outlive the result; copies `host`. */
struct mr_overrun *mr_overrun_new(uv_loop_t *loop, const struct mr_scoreboard *board,
                                  const struct mr_overrun_host *host, void *context);
/* Closes the timer. The loop must run once more. NULL is allowed. */
void mr_overrun_free(struct mr_overrun *overrun);
/* Forgets the slot's run. Call it when another worker has the slot. */
void mr_overrun_reset(struct mr_overrun *overrun, uint64_t slot);

/* Looks at every slot, at `now` (monotonic ms). Returns when to look next. */
uint64_t mr_overrun_look(struct mr_overrun *overrun, uint64_t now);

#endif
