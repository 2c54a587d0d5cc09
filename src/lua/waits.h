/* What a task waits for, on its way from a script's wish to the host. */
#ifndef MR_LUA_WAITS_H
#define MR_LUA_WAITS_H

#include <lua.h>

#include "lua/state.h"

enum { MR_WAIT_ERROR = 512 };

/* Begins what is asked for at `index`: a kind, "sleep" or "request", and behind it its argument,
 * milliseconds or a record (lua/moonroute/record.lua). Returns 0, and *number is what the task
 * waits for; or -1 with `error`. */
int mr_waits_begin(lua_State *L, int index, struct mr_task *task, uint32_t *number,
                   char error[MR_WAIT_ERROR]);

#endif
