/* The worker's measures when scripts fill Lua's memory.
 *
 * The script that holds most is held back, and so is each other script that holds much. Its
 * handlers at work go on, but its next messages wait. All other scripts go on in memory beyond the
 * room (lua/run/room.h). Handlers that end may make room again. If ended handlers hold the memory,
 * only a new process helps, so the worker is replaced. The first replacement comes at once. If the
 * problem recurs, replacements become less and less frequent. */
#ifndef MR_WORKER_HANDLER_MEMORY_H
#define MR_WORKER_HANDLER_MEMORY_H

#include "worker/dispatch/context.h"

/* Takes the budgets of the current routes: the room is the largest of them. */
void mr_memory_use(struct mr_dispatch *dispatch);
/* Looks at the memory. Call it after each run of Lua. */
void mr_memory_look(struct mr_dispatch *dispatch);
/* Returns true if the job must wait, because its route's script is held back. */
bool mr_memory_holds(const struct mr_dispatch *dispatch, const struct mr_job *job,
                     const struct mr_route *route);
/* Collects garbage if that is due, and looks whether there is room again. Call it every turn.
 * Returns true, once, if the worker is to be replaced now. */
bool mr_memory_further(struct mr_dispatch *dispatch);
/* Makes all BLOCKED jobs READY, so that they are looked at again. */
void mr_memory_wake(struct mr_dispatch *dispatch);
/* Shows the memory that each script holds, and looks whether a script has outgrown its routes'
 * budget. Call it now and then. */
void mr_memory_show(struct mr_dispatch *dispatch);

#endif
