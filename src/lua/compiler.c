#include "lua/compiler.h"

#include <lauxlib.h>
#include <luajit.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "lua/run/modules.h"
#include "lua/unparsable.h"

/* The last commit to LuaJIT's v2.1 before 2025-01-14. */
enum { COMPILES_SINCE = 1736781742 };

/* Returns the version of the library that runs, which may be another than the headers'. */
static double version(lua_State *L)
{
    lua_getglobal(L, "jit");
    lua_getfield(L, -1, "version");
    const char *dot = strrchr(luaL_checkstring(L, -1), '.');
    double number = dot != NULL ? (double)strtoull(dot + 1, NULL, 10) : 0;
    lua_pop(L, 2);
    return number;
}

static int call_through(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

/* Returns a function that does the same and is never compiled: LuaJIT records no call of a C
 * function that is not its own. */
static int uncompiled(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushcclosure(L, call_through, 1);
    return 1;
}

/* Returns the line of the first loop that would crash the parser, or nil. */
static int unparsable(lua_State *L)
{
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    int line = mr_unparsable_line(text, length);
    if (line == 0)
        lua_pushnil(L);
    else
        lua_pushinteger(L, line);
    return 1;
}

static int open_module(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"uncompiled", uncompiled}, {"unparsable", unparsable}, {NULL, NULL}};
    lua_newtable(L);
    for (const luaL_Reg *each = functions; each->name != NULL; each++) {
        lua_pushcfunction(L, each->func);
        lua_setfield(L, -2, each->name);
    }
    lua_pushnumber(L, version(L));
    lua_setfield(L, -2, "version");
    return 1;
}

void mr_compiler_open(lua_State *L)
{
    if (version(L) < COMPILES_SINCE) {
        int done = luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
        MR_ASSERT(done == 1);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    lua_pushcfunction(L, open_module);
    lua_setfield(L, -2, "moonroute.compiler");
    mr_modules_require(L, "moonroute.compiled");
    lua_pop(L, 2);
}
