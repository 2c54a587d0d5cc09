/* Fills context tables for lua/moonroute/entry.lua. */
#ifndef MR_LUA_CONTEXT_BINDING_H
#define MR_LUA_CONTEXT_BINDING_H

#include <lua.h>

/* slot(): returns the slot of the running task; nil if no task runs */
int mr_context_slot(lua_State *L);
/* fill(slot, context): sets every field except the headers */
int mr_context_fill(lua_State *L);
/* headers(slot): returns the ordered list { { name, value }, ... } */
int mr_context_headers(lua_State *L);

#endif
