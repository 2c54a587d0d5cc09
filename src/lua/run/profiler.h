/* LuaJIT's profiler, which is on for its effect on compiled code. If it is on, compiled code looks
 * for its tick at each line, every turn of a loop included. At a tick the code calls hooks. The
 * profiler's timer is off. */
#ifndef MR_LUA_RUN_PROFILER_H
#define MR_LUA_RUN_PROFILER_H

#include <lua.h>

typedef void mr_tick_fn(int number);

/* Starts the profiler, for one VM per process. Returns the function that gives a tick if it is
 * called with SIGPROF. A signal handler may call it. */
mr_tick_fn *mr_profiler_start(lua_State *L);
void mr_profiler_stop(lua_State *L);

#endif
