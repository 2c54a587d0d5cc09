/* Sets and removes the hook that looks at a run, and gives the tick that lets compiled code call
 * hooks. The run itself sets the hook when it passes a budget of memory. The signal for a run that
 * is over its time sets the hook from outside. */
#ifndef MR_LUA_RUN_ARMING_H
#define MR_LUA_RUN_ARMING_H

#include <lua.h>
#include <stdbool.h>

#include "lua/run/budget_state.h"

struct mr_vm;

/* Takes the signal for runs of this VM, and makes `hook` the hook. Only one VM of a process can
 * have a hook. */
void mr_arming_open(struct mr_vm *vm, lua_Hook hook);
/* Returns false if the VM has no hook; otherwise closes what was opened. */
bool mr_arming_close(struct mr_vm *vm);
/* Returns the VM that was opened. */
struct mr_vm *mr_arming_vm(void);

/* Moves the run to the state, unless it is in that state or a worse one. Sets the hook if it is not
 * set. For a refusal, sets the hook anew and gives a tick each time. Can run within an
 * allocation. */
void mr_arm(struct mr_vm *vm, enum mr_budget_state state);
/* Moves the run to the state WITHIN, and removes the hook. The hook stays if the run is late. */
void mr_disarm(struct mr_vm *vm);
/* Ends the run for signals, which find no run from here on. Takes back what earlier signals and
 * mr_arm() did. The state is IDLE then. */
void mr_disarm_last(struct mr_vm *vm);

#endif
