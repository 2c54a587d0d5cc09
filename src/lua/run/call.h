/* The doors between C and Lua: the one lua_pcall and the one lua_resume of the program. */
#ifndef MR_LUA_RUN_CALL_H
#define MR_LUA_RUN_CALL_H

#include "lua/state.h"

/* Makes the doors; once, on an empty main stack. */
void mr_call_open(struct mr_vm *vm);

/* Runs function(L, data) protected; as a lua_CFunction it returns how many values it leaves.
 * Returns 0 with these on the main stack (above MR_SLOT_LAST), or -1 with the one value that was
 * raised, and vm->trace telling where. The caller takes the values off by mr_call_done(). Out of
 * memory is a panic, unless a budget has it so. */
int mr_call(struct mr_vm *vm, mr_call_fn *function, void *data);
void mr_call_done(struct mr_vm *vm);
/* As mr_call, for a function that fails only if a finalizer raises amid it: it is called again. */
void mr_call_surely(struct mr_vm *vm, mr_call_fn *function, void *data);
/* Collects all garbage. Finalizers run, if scripts are trusted: what one raises is passed over. */
void mr_call_collect(struct mr_vm *vm);
/* The text of what a failed call raised; borrowed until mr_call_done(). */
const char *mr_call_message(struct mr_vm *vm);

enum mr_resumed { MR_RESUMED_FINISHED, MR_RESUMED_YIELDED, MR_RESUMED_RAISED };
/* Resumes the task's coroutine with the `count` values on its stack; the task is vm->running
 * meanwhile. */
enum mr_resumed mr_call_resume(struct mr_vm *vm, struct mr_task *task, lua_State *co, int count);

#endif
