#include "lua/random.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/panic.h"

void mr_random_seed(lua_State *L)
{
    uint32_t seed = 0;
    ssize_t got = getrandom(&seed, sizeof(seed), 0);
    MR_ASSERT(got == (ssize_t)sizeof(seed));
    lua_pushnumber(L, seed);
    lua_call(L, 1, 0);
}

enum { LOADED = 1, MATH, FRESH };

/* Opens the math library once more, because LuaJIT makes a generator with the library and ties it
 * to the library's functions. Meanwhile a new table takes the place of the first library. */
int mr_random_new(lua_State *L)
{
    lua_settop(L, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, "_LOADED");
    lua_getfield(L, LOADED, LUA_MATHLIBNAME);
    lua_newtable(L);
    lua_pushvalue(L, FRESH);
    lua_setfield(L, LOADED, LUA_MATHLIBNAME);
    lua_pushcfunction(L, luaopen_math);
    lua_pushliteral(L, LUA_MATHLIBNAME);
    lua_call(L, 1, 0);
    lua_pushvalue(L, MATH);
    lua_setfield(L, LOADED, LUA_MATHLIBNAME);
    lua_getfield(L, FRESH, "randomseed");
    mr_random_seed(L);
    lua_getfield(L, FRESH, "random");
    lua_getfield(L, FRESH, "randomseed");
    return 2;
}
