/* Pushes the Lua values that start or resume a task: the arguments of its handler, or the outcome
 * of a wait. Each function runs in mr_call and leaves its values on the stack. It raises if a
 * message or a reply is not JSON. */
#ifndef MR_LUA_ARGUMENTS_H
#define MR_LUA_ARGUMENTS_H

#include <lua.h>

#include "lua/vm.h"

/* Pushes the handler and its arguments; `data` is a struct mr_task. If the handler takes a context,
 * enter() of lua/moonroute/entry.lua comes first, which makes the context. */
int mr_arguments_push(lua_State *L, void *data);

struct mr_waking {
    struct mr_task *task;
    const struct mr_resumption *with;
};
/* Pushes the number of a wait that is over, and what the wait returns in lua/moonroute/strands.lua;
 * `data` is a struct mr_waking. That is "done"; or "reply", data, headers, enveloped, is_error; or
 * "status", status, message, name. */
int mr_arguments_push_resumption(lua_State *L, void *data);
struct mr_bad_reply {
    uint32_t wait;
    const char *why; /* why the reply is not JSON */
};
/* Pushes the error 502 that the script gets if a reply is not JSON; `data` is a struct
 * mr_bad_reply. */
int mr_arguments_push_bad_reply(lua_State *L, void *data);

#endif
