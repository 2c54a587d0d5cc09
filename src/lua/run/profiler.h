/* LuaJIT's profiler, on for what it makes of compiled code: code that looks for the profiler's tick
 * at each line, every turn of a loop included, and calls hooks then. Its timer is off. */
#ifndef MR_LUA_RUN_PROFILER_H
#define MR_LUA_RUN_PROFILER_H

#include <lua.h>

typedef void mr_tick_fn(int number);

/* For one VM per process. Returns the function that gives a tick, called with SIGPROF; it may be
 * called by a signal's handler. */
mr_tick_fn *mr_profiler_start(lua_State *L);
void mr_profiler_stop(lua_State *L);

#endif
