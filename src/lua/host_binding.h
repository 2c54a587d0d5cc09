/* The module "moonroute.host": what the Lua sources of the runtime ask of C. */
#ifndef MR_LUA_HOST_BINDING_H
#define MR_LUA_HOST_BINDING_H

#include <lua.h>

int mr_luaopen_host(lua_State *L);

#endif
