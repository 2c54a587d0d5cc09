/* The C stack under Lua. LuaJIT bounds how deep Lua's functions nest in one coroutine, but counts
 * neither the C stack that its own library takes on the way (string.gsub: 9 KB a level) nor
 * coroutines that resume coroutines: either ends the process by SIGSEGV on the usual 8 MB. Here the
 * stack is made larger, and these two are refused before it is used up. */
#ifndef MR_LUA_RUN_STACK_H
#define MR_LUA_RUN_STACK_H

#include <lua.h>
#include <stdbool.h>

struct mr_vm;

/* Gives the process as much stack as one coroutine can use up, where it is allowed to. */
void mr_stack_raise(void);
/* Lua is entered from here: what is used from now on counts. */
void mr_stack_mark(struct mr_vm *vm);
/* A quarter of the stack is used, or less where it is small: the rest is for what is not counted.
 */
bool mr_stack_is_deep(const struct mr_vm *vm);
/* Replaces string.gsub by one that raises where the stack is deep. Runs protected. */
void mr_stack_guard(struct mr_vm *vm, lua_State *L);

#endif
