/* Keeps out of compiled code what the linked LuaJIT compiles wrongly; docs/LUAJIT.md has the
 * faults. A version is the time of its last commit, in seconds since 1970, and 0 for the betas.
 *
 * LuaJIT before 2025 records and optimises so much wrongly that nothing is compiled at all: no
 * optimisation that can be switched off is to blame alone. With later versions
 * lua/moonroute/compiled.lua replaces the few functions that are compiled wrongly. */
#ifndef MR_LUA_COMPILER_H
#define MR_LUA_COMPILER_H

#include <lua.h>

/* Switches the compiler off if its version is too old, and runs lua/moonroute/compiled.lua. Call it
 * before any other Lua of ours has run in the state. Runs protected. */
void mr_compiler_open(lua_State *L);

#endif
