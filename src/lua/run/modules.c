#include "lua/run/modules.h"

#include <lualib.h>
#include <string.h>

#include "lua/embedded.h"
#include "lua/state.h"

static const struct mr_embedded_file *find(const char *name)
{
    const struct mr_embedded_file *file = mr_embedded_files;
    while (file->name != NULL && strcmp(file->name, name) != 0)
        file++;
    return file->name != NULL ? file : NULL;
}

/* Searches the binary for a module, as a searcher of package.loaders: "moonroute.sandbox" is
 * lua/moonroute/sandbox.lua. */
static int search(lua_State *L)
{
    const char *path = luaL_gsub(L, luaL_checkstring(L, 1), ".", "/");
    const char *name = lua_pushfstring(L, "%s.lua", path);
    const struct mr_embedded_file *file = find(name);
    if (file == NULL) {
        lua_pushfstring(L, "\n\tno file 'lua/%s' in the program", name);
        return 1;
    }
    if (luaL_loadbuffer(L, file->text, file->length, lua_pushfstring(L, "@lua/%s", name)) != 0)
        return lua_error(L);
    return 1;
}

/* Puts search() into package.loaders behind the first searcher, which looks in package.preload. If
 * `alone`, leaves out all others. */
static void install_search(lua_State *L, bool alone)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "loaders");
    size_t others = alone ? 1 : lua_objlen(L, -1);
    lua_newtable(L);
    lua_rawgeti(L, -2, 1);
    lua_rawseti(L, -2, 1);
    lua_pushcfunction(L, search);
    lua_rawseti(L, -2, 2);
    for (size_t i = 2; i <= others; i++) {
        lua_rawgeti(L, -2, (int)i);
        lua_rawseti(L, -2, (int)i + 1);
    }
    lua_setfield(L, -3, "loaders");
    lua_pop(L, 2);
}

void mr_modules_open(lua_State *L, bool alone)
{
    luaL_openlibs(L);
    install_search(L, alone);
}

void mr_modules_preload(struct mr_vm *vm, const char *name, lua_CFunction open)
{
    lua_State *L = vm->L;
    lua_getfield(L, LUA_REGISTRYINDEX, "_PRELOAD");
    lua_pushlightuserdata(L, vm);
    lua_pushcclosure(L, open, 1);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void mr_modules_require(lua_State *L, const char *name)
{
    lua_getglobal(L, "require");
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
}

int mr_modules_ref(lua_State *L, const char *module, const char *field)
{
    mr_modules_require(L, module);
    lua_getfield(L, -1, field);
    int ref = luaL_ref(L, LUA_REGISTRYINDEX);
    lua_pop(L, 1);
    return ref;
}

void mr_modules_functions(lua_State *L, const luaL_Reg *functions)
{
    lua_newtable(L);
    for (; functions->name != NULL; functions++) {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushcclosure(L, functions->func, 1);
        lua_setfield(L, -2, functions->name);
    }
}
