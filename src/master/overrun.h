/* Ends what Lua does beyond budget.time. A worker shows since when a run has been going on; one
 * that is over its budget is interrupted, again and again. The worker is ended when the run has not
 * ended though the worker has had the CPU for the same time again: where the machine gave it none,
 * it could not end the run.
 *
 * A look every shortest budget is enough: a run that passes its budget is seen before it does, and
 * then looked at again at the very moment. An idle router looks once a second. */
#ifndef MR_MASTER_OVERRUN_H
#define MR_MASTER_OVERRUN_H

#include <stdint.h>
#include <uv.h>

#include "base/scoreboard.h"

struct mr_overrun;

struct mr_overrun_host {
    void (*interrupt)(void *context, uint64_t slot, uint64_t run);
    void (*kill)(void *context, uint64_t slot);
    uint64_t (*used)(void *context, uint64_t slot); /* ms of the CPU, by its worker */
};

/* Where a budget is shorter, looks are as far apart as these; ms. */
enum { MR_OVERRUN_LOOK = 10, MR_OVERRUN_IDLE = 1000 };

/* Neither loop nor board nor host is taken over; all outlive it. */
struct mr_overrun *mr_overrun_new(uv_loop_t *loop, const struct mr_scoreboard *board,
                                  const struct mr_overrun_host *host, void *context);
/* Closes its handles (the loop has to run once more). */
void mr_overrun_free(struct mr_overrun *overrun);
/* Another worker has the slot. */
void mr_overrun_reset(struct mr_overrun *overrun, uint64_t slot);

/* One look, at `now` (monotonic ms). Returns when to look next. */
uint64_t mr_overrun_look(struct mr_overrun *overrun, uint64_t now);

#endif
