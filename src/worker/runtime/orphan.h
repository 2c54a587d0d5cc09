/* Ends a worker whose master is dead. The loop finds the channel closed and stops gracefully, but a
 * loop that stands still (Lua that runs without end, say) finds nothing. So the kernel signals the
 * master's death. From then on a timer's signal does the master's work. It interrupts a run of Lua
 * that is over its budget, and kills the worker if it does not end by itself. A master that only
 * stands still is not dead. */
#ifndef MR_WORKER_RUNTIME_ORPHAN_H
#define MR_WORKER_RUNTIME_ORPHAN_H

#include <stdint.h>

#include "base/scoreboard.h"

/* Starts to watch. Call it from the thread that runs Lua, before any Lua runs. `channel` leads to
 * the master, and `slot` shows the runs. Also notices if the master is dead already. */
void mr_orphan_watch(int channel, const struct mr_slot *slot);
/* Forgets the slot, which is about to be closed. Lua must not run any more. The worker is still
 * ended in time. */
void mr_orphan_forget_slot(void);
/* Sets the shutdown_timeout in force, in ms. */
void mr_orphan_allow(uint64_t shutdown_timeout);

#endif
