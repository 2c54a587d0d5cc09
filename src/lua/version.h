/* The version of Lua. */
#ifndef MR_LUA_VERSION_H
#define MR_LUA_VERSION_H

#include <stdint.h>

const char *mr_lua_version(void); /* "LuaJIT 2.1.0-beta3", "LuaJIT 2.1.1761786044" */
/* Returns the last number of the version: the time of its last commit, 0 for the betas. */
uint64_t mr_lua_version_number(void);

#endif
