/* Ends workers whose loop stands still. A loop that turns writes a heartbeat. During a run of Lua
 * it writes none, but master/overrun.h watches the run. If a worker shows neither for
 * MR_WEDGED_AFTER, it is asked to stop, which it does if its loop turns again. If it stays silent,
 * it is killed.
 *
 * Only time seen by the looks counts. If the master itself stood still, for example because the
 * whole machine did, no worker is blamed for that. */
#ifndef MR_MASTER_WEDGE_H
#define MR_MASTER_WEDGE_H

#include <stdint.h>
#include <uv.h>

#include "base/scoreboard.h"

struct mr_wedge;

struct mr_wedge_host {
    void (*ask)(void *context, uint64_t slot, uint64_t silent);
    void (*kill)(void *context, uint64_t slot);
};

/* ms without a sign of life. If a worker is left after MR_WEDGED_STUCK, it cannot be killed. */
enum { MR_WEDGED_AFTER = 20000, MR_WEDGED_END = 30000, MR_WEDGED_STUCK = 60000 };
enum { MR_WEDGE_LOOK = 2500 };

/* Returns how long (ms) the slot's worker has shown no sign of life at `now` (monotonic ms). */
uint64_t mr_wedge_silence(const struct mr_slot *slot, uint64_t now);

/* Starts to look. Borrows `loop` and `board`, which must outlive the result; copies `host`. */
struct mr_wedge *mr_wedge_new(uv_loop_t *loop, const struct mr_scoreboard *board,
                              const struct mr_wedge_host *host, void *context);
/* Closes the timer. The loop must run once more. NULL is allowed. */
void mr_wedge_free(struct mr_wedge *wedge);
/* Looks at every slot, at `now` (monotonic ms). */
void mr_wedge_look(struct mr_wedge *wedge, uint64_t now);

#endif
