/* The version of Lua. */
#ifndef MR_LUA_VERSION_H
#define MR_LUA_VERSION_H

const char *mr_lua_version(void); /* "LuaJIT 2.1.0-beta3" */

#endif
