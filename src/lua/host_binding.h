/* The module "moonroute.host": the C functions that the Lua sources of the runtime call. */
#ifndef MR_LUA_HOST_BINDING_H
#define MR_LUA_HOST_BINDING_H

#include <lua.h>

int mr_luaopen_host(lua_State *L);

#endif
