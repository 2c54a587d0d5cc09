#include "lua/json/json.h"

#include <lauxlib.h>
#include <lua5.1/lua-cjson.h>

#include "base/panic.h"
#include "lua/json/buffers.h"
#include "lua/json/decode.h"
#include "lua/json/encode.h"
#include "lua/run/modules.h"
#include "lua/state.h"

void mr_json_decode(lua_State *L, struct mr_json *json, struct mr_bytes text)
{
    mr_json_make_ready(&json->scratch);
    mr_decode(L, json, text.data != NULL ? text : MR_BYTES(""), MR_JSON_DEPTH);
}

void mr_json_decode_envelope(lua_State *L, struct mr_json *json, struct mr_bytes text)
{
    mr_json_make_ready(&json->scratch);
    mr_decode(L, json, text, MR_JSON_DEPTH + 1);
}

void mr_json_encode(lua_State *L, struct mr_vm *vm, int index, struct mr_buf *text)
{
    mr_json_make_ready(text);
    mr_encode(L, index, vm, text);
}

static int decode(lua_State *L)
{
    struct mr_bytes text;
    luaL_checktype(L, 1, LUA_TSTRING);
    text.data = lua_tolstring(L, 1, &text.length);
    mr_json_decode(L, &mr_vm_of(L)->json, text);
    return 1;
}

static void push_text(lua_State *L, const struct mr_buf *text)
{
    lua_pushlstring(L, text->data, text->length);
}

/* Encodes into a buffer of its own, because a finalizer may encode meanwhile. */
static void encode_apart(lua_State *L, struct mr_vm *vm)
{
    struct mr_buf *text = mr_json_push_buf(L, &vm->json);
    mr_json_encode(L, vm, 1, text);
    push_text(L, text);
    mr_buf_free(text);
}

/* Encodes into the shared buffer, because no code of a script runs meanwhile. */
static void encode_shared(lua_State *L, struct mr_vm *vm)
{
    struct mr_json *json = &vm->json;
    uint64_t generation = ++json->generation;
    mr_json_encode(L, vm, 1, &json->text);
    push_text(L, &json->text);
    MR_ASSERT(json->generation == generation);
}

static int encode(lua_State *L)
{
    struct mr_vm *vm = mr_vm_of(L);
    luaL_checkany(L, 1);
    (vm->json.has_finalizers ? encode_apart : encode_shared)(L, vm);
    return 1;
}

void mr_json_open(struct mr_vm *vm)
{
    lua_State *L = vm->L;
    mr_modules_preload(vm, "cjson", luaopen_cjson);
    mr_modules_preload(vm, "moonroute.json", mr_luaopen_json);
    mr_names_open(L, &vm->json.names);
    mr_json_open_bufs(L, &vm->json);
    vm->json.has_finalizers = !vm->is_alone;
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
    mr_buf_free(&vm->json.spare);
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
