/* The doors between C and Lua: the program's only lua_resume, and its only lua_pcall except that of
 * lua/config_file.c. */
#ifndef MR_LUA_RUN_CALL_H
#define MR_LUA_RUN_CALL_H

#include "lua/state.h"

/* Makes the doors. Call it once, on an empty main stack. */
void mr_call_open(struct mr_vm *vm);

/* Runs function(L, data) protected. The function returns the count of values that it leaves, like a
 * lua_CFunction. Returns 0 with these values on the main stack (above MR_SLOT_LAST). If the
 * function raises, returns -1 with the raised value there, and the traceback in vm->trace. After
 * either, the caller must call mr_call_done(). Running out of memory is a panic, unless a budget is
 * the reason. */
int mr_call(struct mr_vm *vm, mr_call_fn *function, void *data);
void mr_call_done(struct mr_vm *vm);
/* Calls a function as mr_call does, again and again until it succeeds. The function may fail only
 * because a finalizer raises during it. */
void mr_call_surely(struct mr_vm *vm, mr_call_fn *function, void *data);
/* Collects all garbage. If scripts are trusted, finalizers run; an error that a finalizer raises is
 * ignored. */
void mr_call_collect(struct mr_vm *vm);
/* Returns the text that a failed call raised; borrowed until mr_call_done(). */
const char *mr_call_message(struct mr_vm *vm);

enum mr_resumed { MR_RESUMED_FINISHED, MR_RESUMED_YIELDED, MR_RESUMED_RAISED };
/* Resumes the task's coroutine with the `count` values on its stack. Meanwhile the task is
 * vm->running. */
enum mr_resumed mr_call_resume(struct mr_vm *vm, struct mr_task *task, lua_State *co, int count);

#endif
