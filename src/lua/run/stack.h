/* The C stack under Lua. LuaJIT bounds how deep Lua's functions nest in one coroutine. It does not
 * count the C stack that its own library uses meanwhile (string.gsub: 9 KB per level). Nor does it
 * count coroutines that resume coroutines. On the usual 8 MB either ends the process by SIGSEGV. So
 * the stack is made larger here, and both are refused before it is used up. */
#ifndef MR_LUA_RUN_STACK_H
#define MR_LUA_RUN_STACK_H

#include <lua.h>
#include <stdbool.h>

struct mr_vm;

/* Gives the process as much stack as one coroutine can use up, if the process is allowed to have
 * it. */
void mr_stack_raise(void);
/* Marks the entry into Lua: the stack used from here on counts. */
void mr_stack_mark(struct mr_vm *vm);
/* Returns true if a quarter of the stack is used, or less if the stack is small. The rest is for
 * what is not counted. */
bool mr_stack_is_deep(const struct mr_vm *vm);
/* Replaces string.gsub by a function that raises if the stack is deep. Runs protected. */
void mr_stack_guard(struct mr_vm *vm, lua_State *L);

#endif
