/* Keeps names of members as Lua strings, because messages repeat the same names. Taking a string
 * from here costs less than a look-up by Lua among all its strings. */
#ifndef MR_LUA_JSON_NAMES_H
#define MR_LUA_JSON_NAMES_H

#include <lua.h>
#include <stddef.h>
#include <stdint.h>

enum { MR_NAMES = 256, MR_NAME_MOST = 16 };

struct mr_name {
    uint64_t bytes[2]; /* zeros behind the name */
    uint8_t length;
    uint8_t misses; /* how often another name has asked for its place */
    uint16_t size;  /* count of members or items of its last value; the reader sets it */
};

struct mr_names {
    int strings; /* registry reference to a list */
    struct mr_name all[MR_NAMES];
};

/* Makes the list of names. Runs protected, as mr_names_push() does. */
void mr_names_open(lua_State *L, struct mr_names *names);
/* Pushes the string of the `length` bytes at `text`; bytes up to `end` can be read. `strings` is
 * the stack index of the list. Returns the name, NULL if it is not kept. */
struct mr_name *mr_names_push(lua_State *L, struct mr_names *names, int strings, const char *text,
                              size_t length, const char *end);

#endif
