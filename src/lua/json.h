/* JSON for messages. Everything that reads or writes it goes through here. */
#ifndef MR_LUA_JSON_H
#define MR_LUA_JSON_H

#include <lua.h>

#include "base/buf.h"

struct mr_vm;

struct mr_json {
    int decode;         /* registry reference to the function of lua/moonroute/codec.lua */
    const void *array;  /* the metatable that marks arrays, "array" of the module below */
    struct mr_buf text; /* of the value being encoded */
};

/* All run protected. `open` is called once a state. */
void mr_json_open(struct mr_vm *vm);
void mr_json_close(struct mr_vm *vm);
/* Pushes the value of the JSON text at `index` (a string); null is the light userdata NULL. Raises
 * why the text is no JSON. */
void mr_json_decode(lua_State *L, const struct mr_json *json, int index);
/* Pushes the JSON text of the value at `index`. Raises what in it cannot be written. */
void mr_json_encode(lua_State *L, struct mr_json *json, int index);

/* The module "moonroute.json": decode, encode, null, array (the metatable that marks a table as an
 * array, whatever is in it). */
int mr_luaopen_json(lua_State *L);

#endif
