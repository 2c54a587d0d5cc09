/* What the worker does when its scripts fill Lua's memory.
 *
 * The script that holds most, and each other that holds much, is held back: its handlers at work go
 * on, its next messages wait. All other scripts go on in memory beyond (lua/run/room.h). Handlers
 * that end may make room again. If those that have ended hold it, nothing but a new process helps:
 * the worker is to be replaced, at once the first time and less and less often if that recurs. */
#ifndef MR_WORKER_HANDLER_MEMORY_H
#define MR_WORKER_HANDLER_MEMORY_H

#include "worker/dispatch/context.h"

/* Under these routes: the room is what the one with the largest budget has. */
void mr_memory_use(struct mr_dispatch *dispatch);
/* After each run of Lua. */
void mr_memory_look(struct mr_dispatch *dispatch);
/* Returns true if the route's script is held back. */
bool mr_memory_holds(const struct mr_dispatch *dispatch, const struct mr_job *job,
                     const struct mr_route *route);
/* Every turn: looks whether there is room again. Returns true if the worker is to be replaced, now;
 * once. */
bool mr_memory_further(struct mr_dispatch *dispatch);
/* All that wait look again. */
void mr_memory_wake(struct mr_dispatch *dispatch);
/* Now and then: shows what each script holds, and looks whether one has outgrown its route's
 * budget.
 */
void mr_memory_show(struct mr_dispatch *dispatch);

#endif
