#include "lua/json/names.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

/* The length of a free place: longer than any name. */
enum { NOBODY = UINT8_MAX };
/* If a place is taken, one in so many requests for it succeeds. Otherwise the names of an object
 * that has a thousand of them, and never comes again, would only evict each other. */
enum { PATIENCE = 4 };

void mr_names_open(lua_State *L, struct mr_names *names)
{
    lua_createtable(L, MR_NAMES, 0);
    names->strings = luaL_ref(L, LUA_REGISTRYINDEX);
    for (size_t i = 0; i < MR_NAMES; i++)
        names->all[i].length = NOBODY;
}

static uint64_t low_bytes(uint64_t word, size_t count)
{
    return word & (((uint64_t)1 << (count * 8)) - 1);
}

static void load(uint64_t bytes[2], const char *text, size_t length, const char *end)
{
    bytes[0] = bytes[1] = 0;
    if (end - text < MR_NAME_MOST) {
        memcpy(bytes, text, length);
        return;
    }
    memcpy(bytes, text, MR_NAME_MOST);
    if (length < 8) {
        bytes[0] = low_bytes(bytes[0], length);
        bytes[1] = 0;
    } else if (length < MR_NAME_MOST) {
        bytes[1] = low_bytes(bytes[1], length - 8);
    }
}

static bool is_taken(struct mr_name *name)
{
    return name->length != NOBODY && ++name->misses % PATIENCE != 0;
}

struct mr_name *mr_names_push(lua_State *L, struct mr_names *names, int strings, const char *text,
                              size_t length, const char *end)
{
    if (length > MR_NAME_MOST) {
        lua_pushlstring(L, text, length);
        return NULL;
    }
    uint64_t bytes[2];
    load(bytes, text, length, end);
    size_t at = (bytes[0] * 0x9e3779b97f4a7c15u ^ bytes[1] * 0xc2b2ae3d27d4eb4fu) >> 56;
    struct mr_name *name = &names->all[at];
    if (name->bytes[0] == bytes[0] && name->bytes[1] == bytes[1] && name->length == length) {
        lua_rawgeti(L, strings, (int)at + 1);
        return name;
    }
    lua_pushlstring(L, text, length);
    if (is_taken(name))
        return NULL;
    lua_pushvalue(L, -1);
    lua_rawseti(L, strings, (int)at + 1);
    *name = (struct mr_name){{bytes[0], bytes[1]}, (uint8_t)length, 0, 0};
    return name;
}
