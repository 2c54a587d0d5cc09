/* What a task is given: the arguments of its handler, and what it waited for. Each is to be run by
 * mr_call and leaves values on the stack; what is no JSON raises. */
#ifndef MR_LUA_ARGUMENTS_H
#define MR_LUA_ARGUMENTS_H

#include <lua.h>

#include "lua/vm.h"

/* data: struct mr_task. The handler and its arguments; where it takes a context, behind enter() of
 * lua/moonroute/entry.lua, which makes one. */
int mr_arguments_push(lua_State *L, void *data);

struct mr_waking {
    struct mr_task *task;
    const struct mr_resumption *with;
};
/* data: struct mr_waking. What the wait of lua/moonroute/strands.lua that is over returns, behind
 * its number: "done"; "reply", data, headers, enveloped, is_error; "status", status, message, name.
 */
int mr_arguments_push_resumption(lua_State *L, void *data);
struct mr_bad_reply {
    uint32_t wait;
    const char *why; /* it is no JSON */
};
/* data: struct mr_bad_reply. The asker's error 502 for that. */
int mr_arguments_push_bad_reply(lua_State *L, void *data);

#endif
