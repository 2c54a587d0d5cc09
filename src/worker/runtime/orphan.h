/* The worker's end when its master is gone. The loop finds the channel closed and stops gracefully;
 * but a loop that stands (Lua that runs without end, say) finds nothing. So the kernel signals the
 * master's death, and from then on a timer's signal does what the master did: it interrupts a run
 * of Lua that is over its budget, and ends a worker that does not end by itself. A master that
 * merely stands still is not gone. */
#ifndef MR_WORKER_RUNTIME_ORPHAN_H
#define MR_WORKER_RUNTIME_ORPHAN_H

#include <stdint.h>

#include "base/scoreboard.h"

/* From the thread that runs Lua, before it does: `channel` leads to the master, `slot` shows the
 * runs. A master that is gone already is noticed, too. */
void mr_orphan_watch(int channel, const struct mr_slot *slot);
/* The slot is about to go; nothing runs any more. The end is seen to nevertheless. */
void mr_orphan_forget_slot(void);
/* The shutdown_timeout in force, ms. */
void mr_orphan_allow(uint64_t shutdown_timeout);

#endif
