#include "lua/json.h"

#include <lauxlib.h>
#include <lua5.1/lua-cjson.h>

#include "lua/decode.h"
#include "lua/encode.h"
#include "lua/modules.h"
#include "lua/state.h"

/* What one huge value took is not kept for all the small ones. */
static const size_t keep_most = (size_t)1 << 20;

static void make_ready(struct mr_buf *buf)
{
    if (buf->capacity > keep_most)
        mr_buf_free(buf);
    mr_buf_clear(buf);
}

void mr_json_decode(lua_State *L, struct mr_json *json, struct mr_bytes text)
{
    make_ready(&json->scratch);
    mr_decode(L, json, text.data != NULL ? text : MR_BYTES(""));
}

struct mr_bytes mr_json_encode(lua_State *L, struct mr_json *json, int index)
{
    make_ready(&json->text);
    mr_encode(L, index, json);
    return (struct mr_bytes){json->text.data, json->text.length};
}

static int decode(lua_State *L)
{
    struct mr_bytes text;
    luaL_checktype(L, 1, LUA_TSTRING);
    text.data = lua_tolstring(L, 1, &text.length);
    mr_json_decode(L, &mr_vm_of(L)->json, text);
    return 1;
}

static int encode(lua_State *L)
{
    luaL_checkany(L, 1);
    struct mr_bytes text = mr_json_encode(L, &mr_vm_of(L)->json, 1);
    lua_pushlstring(L, text.data, text.length);
    return 1;
}

void mr_json_open(struct mr_vm *vm)
{
    lua_State *L = vm->L;
    mr_modules_preload(vm, "cjson", luaopen_cjson);
    mr_modules_preload(vm, "moonroute.json", mr_luaopen_json);
    mr_names_open(L, &vm->json.names);
    vm->json.make_integer = mr_modules_ref(L, "moonroute.integer", "make");
    vm->json.integer_digits = mr_modules_ref(L, "moonroute.integer", "digits");
    vm->json.array_ref = mr_modules_ref(L, "moonroute.json", "array");
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm->json.array_ref);
    vm->json.array = lua_topointer(L, -1);
    lua_pop(L, 1);
}

void mr_json_close(struct mr_vm *vm)
{
    mr_buf_free(&vm->json.scratch);
    mr_buf_free(&vm->json.text);
}

int mr_luaopen_json(lua_State *L)
{
    static const luaL_Reg functions[] = {{"decode", decode}, {"encode", encode}, {NULL, NULL}};
    mr_modules_functions(L, functions);
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_newtable(L);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setfield(L, -2, "array");
    return 1;
}
