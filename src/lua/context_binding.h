/* What context tables are filled with (lua/moonroute/entry.lua). */
#ifndef MR_LUA_CONTEXT_BINDING_H
#define MR_LUA_CONTEXT_BINDING_H

#include <lua.h>

/* slot() -> that of the running task; nil where none runs */
int mr_context_slot(lua_State *L);
/* fill(slot, context): everything but its headers */
int mr_context_fill(lua_State *L);
/* headers(slot) -> the ordered list { { name, value }, ... } */
int mr_context_headers(lua_State *L);

#endif
