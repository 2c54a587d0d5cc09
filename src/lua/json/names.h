/* Names of members, as Lua strings that are kept: messages have the same ones again and again, and
 * taking one from here costs less than having Lua look it up among all its strings. */
#ifndef MR_LUA_JSON_NAMES_H
#define MR_LUA_JSON_NAMES_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

enum { MR_NAMES = 256, MR_NAME_MOST = 16 };

struct mr_name {
    uint64_t bytes[2]; /* zeros behind the name */
    uint8_t length;
    uint8_t misses; /* how often another one has asked for its place */
    uint16_t size;  /* how many members or items its value had the last time; the reader's */
};

struct mr_names {
    int strings; /* registry reference to a list */
    struct mr_name all[MR_NAMES];
};

/* Runs protected, as do the others. */
void mr_names_open(lua_State *L, struct mr_names *names);
/* Pushes the string of these bytes, behind which the text goes on to `end`. `strings` is where on
 * the stack the list is. Returns the name, NULL where it is not kept. */
struct mr_name *mr_names_push(lua_State *L, struct mr_names *names, int strings, const char *text,
                              size_t length, const char *end);

#endif
