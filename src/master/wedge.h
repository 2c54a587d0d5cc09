/* Ends workers whose loop stands. A loop that turns writes a heartbeat; amid a run of Lua it writes
 * none, but there master/overrun.h watches. A worker that shows neither for MR_WEDGED_AFTER is
 * asked to stop, which it does if its loop turns again; one that goes on so is killed.
 *
 * The time that counts is that of the looks: a master that stood still itself, as when the whole
 * machine did, blames nobody for it. */
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

/* ms without a sign of life. A worker that is left after MR_WEDGED_STUCK cannot be killed. */
enum { MR_WEDGED_AFTER = 20000, MR_WEDGED_END = 30000, MR_WEDGED_STUCK = 60000 };
enum { MR_WEDGE_LOOK = 2500 };

/* How long the slot's worker has shown no sign of life at `now` (monotonic ms). */
uint64_t mr_wedge_silence(const struct mr_slot *slot, uint64_t now);

/* Neither loop nor board nor host is taken over; all outlive it. */
struct mr_wedge *mr_wedge_new(uv_loop_t *loop, const struct mr_scoreboard *board,
                              const struct mr_wedge_host *host, void *context);
/* Closes its handles (the loop has to run once more). */
void mr_wedge_free(struct mr_wedge *wedge);
/* One look. */
void mr_wedge_look(struct mr_wedge *wedge, uint64_t now);

#endif
