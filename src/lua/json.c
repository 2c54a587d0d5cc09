#include "lua/json.h"

#include <lauxlib.h>
#include <lua5.1/lua-cjson.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "lua/encode.h"
#include "lua/modules.h"
#include "lua/state.h"

/* Most texts are plain ASCII: eight bytes a step until one is not. */
static size_t ascii_length(const char *text, size_t length)
{
    size_t at = 0;
    for (uint64_t word; at + sizeof(word) <= length; at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        if ((word & 0x8080808080808080u) != 0)
            break;
    }
    return at;
}

/* The offset of the first byte that is not UTF-8; `length` where all are. */
static size_t bad_byte(const char *text, size_t length)
{
    size_t at = ascii_length(text, length);
    if (mr_utf8_valid(text + at, length - at))
        return length;
    for (size_t run; (run = mr_utf8_length(text + at, length - at)) > 0;)
        at += run;
    return at;
}

/* Eight bytes a step: is any of them below a space? (Bit Twiddling Hacks, "hasless".) Most texts
 * have none. */
static bool has_control(const char *text, size_t length)
{
    const uint64_t spaces = 0x2020202020202020u, high = 0x8080808080808080u;
    size_t at = 0;
    for (uint64_t word; at + sizeof(word) <= length; at += sizeof(word)) {
        memcpy(&word, text + at, sizeof(word));
        if (((word - spaces) & ~word & high) != 0)
            return true;
    }
    while (at < length && (unsigned char)text[at] >= 0x20)
        at++;
    return at < length;
}

/* The offset of the first control character that is not white space between tokens, which lua-cjson
 * lets pass (and takes NUL for the end); `length` where there is none. */
static size_t bad_control(const char *text, size_t length)
{
    bool in_string = false;
    for (size_t at = 0; at < length; at++) {
        unsigned char byte = (unsigned char)text[at];
        if (byte < 0x20 && (in_string || strchr("\t\n\r", byte) == NULL || byte == '\0'))
            return at;
        if (in_string && byte == '\\')
            at++;
        else if (byte == '"')
            in_string = !in_string;
    }
    return length;
}

void mr_json_decode(lua_State *L, const struct mr_json *json, int index)
{
    size_t length;
    const char *text = lua_tolstring(L, index, &length);
    size_t bad = bad_byte(text, length);
    if (bad < length)
        luaL_error(L, "byte %d is not UTF-8", (int)bad + 1);
    size_t control = has_control(text, length) ? bad_control(text, length) : length;
    if (control < length)
        luaL_error(L, "byte %d is a control character", (int)control + 1);
    lua_pushvalue(L, index);
    lua_rawgeti(L, LUA_REGISTRYINDEX, json->decode);
    lua_insert(L, -2);
    lua_call(L, 1, 1);
}

/* What one huge value took is not kept for all the small ones. */
static const size_t keep_most = (size_t)1 << 20;

void mr_json_encode(lua_State *L, struct mr_json *json, int index)
{
    if (json->text.capacity > keep_most)
        mr_buf_free(&json->text);
    mr_buf_clear(&json->text);
    mr_encode(L, index, json->array, &json->text);
    lua_pushlstring(L, mr_buf_text(&json->text), json->text.length);
}

static int decode(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TSTRING);
    mr_json_decode(L, &mr_vm_of(L)->json, 1);
    return 1;
}

static int encode(lua_State *L)
{
    luaL_checkany(L, 1);
    mr_json_encode(L, &mr_vm_of(L)->json, 1);
    return 1;
}

void mr_json_open(struct mr_vm *vm)
{
    mr_modules_preload(vm, "cjson", luaopen_cjson);
    mr_modules_preload(vm, "moonroute.json", mr_luaopen_json);
    vm->json.decode = mr_modules_ref(vm->L, "moonroute.codec", "decode");
}

void mr_json_close(struct mr_vm *vm)
{
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
    mr_vm_of(L)->json.array = lua_topointer(L, -1);
    lua_setfield(L, -2, "array");
    return 1;
}
