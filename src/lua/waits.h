/* Begins the waits of tasks: hands a script's wish to the host. */
#ifndef MR_LUA_WAITS_H
#define MR_LUA_WAITS_H

#include <lua.h>

#include "lua/state.h"

enum { MR_WAIT_ERROR = 512 };

/* Begins the wait described at `index`: a kind, "sleep" or "request", and behind it milliseconds or
 * a record (lua/moonroute/record.lua). Returns 0 with the number of the wait in *number, or -1 with
 * `error`. */
int mr_waits_begin(lua_State *L, int index, struct mr_task *task, uint32_t *number,
                   char error[MR_WAIT_ERROR]);

#endif
