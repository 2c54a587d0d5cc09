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

/* The bytes of a name, and zeros behind them. */
struct bytes {
    uint64_t low, high;
};

static uint64_t low_bytes(uint64_t word, size_t count)
{
    return word & (((uint64_t)1 << (count * 8)) - 1);
}

/* Loads a name behind which the text goes on, so that MR_NAME_MOST bytes can be read. */
static inline struct bytes load(const char *text, size_t length)
{
    struct bytes bytes;
    memcpy(&bytes, text, MR_NAME_MOST);
    if (length < 8)
        return (struct bytes){low_bytes(bytes.low, length), 0};
    if (length < MR_NAME_MOST)
        bytes.high = low_bytes(bytes.high, length - 8);
    return bytes;
}

/* Loads a name that may be too close to the end of the text for that. */
static struct bytes load_last(const char *text, size_t length)
{
    struct bytes bytes = {0, 0};
    memcpy(&bytes, text, length);
    return bytes;
}

/* Returns the place in which the name may be kept. */
static inline struct mr_name *place_of(struct mr_names *names, struct bytes bytes)
{
    return &names->all[(bytes.low * 0x9e3779b97f4a7c15u ^ bytes.high * 0xc2b2ae3d27d4eb4fu) >> 56];
}

static inline bool is_kept(const struct mr_name *name, struct bytes bytes, size_t length)
{
    return name->bytes[0] == bytes.low && name->bytes[1] == bytes.high && name->length == length;
}

static inline void push_kept(lua_State *L, const struct mr_names *names, int strings,
                             const struct mr_name *name)
{
    lua_rawgeti(L, strings, (int)(name - names->all) + 1);
}

static bool is_taken(struct mr_name *name)
{
    return name->length != NOBODY && ++name->misses % PATIENCE != 0;
}

/* Pushes any name, and keeps the name if its place is free or has been asked for often enough. It
 * is out of line, so that the usual case is short. */
static __attribute__((noinline)) struct mr_name *push(lua_State *L, struct mr_names *names,
                                                      int strings, const char *text, size_t length)
{
    if (length > MR_NAME_MOST) {
        lua_pushlstring(L, text, length);
        return NULL;
    }
    struct bytes bytes = load_last(text, length);
    struct mr_name *name = place_of(names, bytes);
    if (is_kept(name, bytes, length)) {
        push_kept(L, names, strings, name);
        return name;
    }
    lua_pushlstring(L, text, length);
    if (is_taken(name))
        return NULL;
    lua_pushvalue(L, -1);
    lua_rawseti(L, strings, (int)(name - names->all) + 1);
    *name = (struct mr_name){{bytes.low, bytes.high}, (uint8_t)length, 0, 0};
    return name;
}

struct mr_name *mr_names_push(lua_State *L, struct mr_names *names, int strings, const char *text,
                              size_t length, const char *end)
{
    if (length > MR_NAME_MOST || end - text < MR_NAME_MOST)
        return push(L, names, strings, text, length);
    struct bytes bytes = load(text, length);
    struct mr_name *name = place_of(names, bytes);
    if (!is_kept(name, bytes, length))
        return push(L, names, strings, text, length);
    push_kept(L, names, strings, name);
    return name;
}
