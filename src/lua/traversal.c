#include "lua/traversal.h"

#include <lauxlib.h>
#include <luajit.h>

#include "base/panic.h"

/* Does what Lua's next does, but is never compiled. LuaJIT compiles only its own next, and has an
 * instruction for it. */
static int next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_next(L, 1) != 0)
        return 2;
    lua_pushnil(L);
    return 1;
}

/* Replaces next and the upvalue of pairs, which is the next that pairs returns. */
static void replace_next(lua_State *L)
{
    lua_pushcfunction(L, next);
    lua_pushvalue(L, -1);
    lua_setglobal(L, "next");
    lua_getglobal(L, "pairs");
    lua_insert(L, -2);
    const char *name = lua_setupvalue(L, -2, 1);
    MR_ASSERT(name != NULL);
    lua_pop(L, 1);
}

/* Turns compilation off for table.foreach: it is LuaJIT bytecode that walks a table without calling
 * next. */
static void interpret_foreach(lua_State *L)
{
    lua_getglobal(L, "table");
    lua_getfield(L, -1, "foreach");
    int done = luaJIT_setmode(L, -1, LUAJIT_MODE_FUNC | LUAJIT_MODE_OFF);
    MR_ASSERT(done == 1);
    lua_pop(L, 2);
}

void mr_traversal_open(lua_State *L)
{
    replace_next(L);
    interpret_foreach(L);
}
