/* The hook that ends a run. Once it is set (lua/run/arming.h), it acts at each instruction of Lua.
 * It stops the run, unless a collection of garbage helps. */
#ifndef MR_LUA_RUN_HOOK_H
#define MR_LUA_RUN_HOOK_H

#include <lua.h>

/* Looks at the run. Stops the run, or removes the hook. */
void mr_hook(lua_State *L, lua_Debug *where);

#endif
