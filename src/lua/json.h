/* JSON for messages. Everything that reads or writes it goes through here. */
#ifndef MR_LUA_JSON_H
#define MR_LUA_JSON_H

#include <lua.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "lua/names.h"

struct mr_vm;

enum { MR_JSON_DEPTH = 512 };

struct mr_json {
    int make_integer, integer_digits; /* registry references to functions of integer.lua, */
    int array_ref;                    /* and to the metatable that marks arrays, */
    const void *array;                /* which is this one */
    struct mr_names names;
    uint16_t size;         /* how many members or items the last value had */
    struct mr_buf scratch; /* of a string being decoded */
    struct mr_buf text;    /* of the value being encoded */
};

/* All run protected. `open` is called once a state. */
void mr_json_open(struct mr_vm *vm);
void mr_json_close(struct mr_vm *vm);
/* Pushes the value of the JSON text; null is the light userdata NULL. Raises why the text is no
 * JSON. */
void mr_json_decode(lua_State *L, struct mr_json *json, struct mr_bytes text);
/* The JSON text of the value at `index`, good until the next one. Raises what in it cannot be
 * written. */
struct mr_bytes mr_json_encode(lua_State *L, struct mr_json *json, int index);

/* The module "moonroute.json": decode, encode, null, array (the metatable that marks a table as an
 * array, whatever is in it). */
int mr_luaopen_json(lua_State *L);

#endif
