/* From JSON text (RFC 8259) to Lua values, with nothing in between.
 *
 * An object is a table, an array a table with the metatable that marks arrays, null the light
 * userdata NULL. A number is a double; one that is written as an integer, beyond 2^53 and within 64
 * bits, is an int64_t. Of two members of a name the last one counts. The grammar is taken strictly,
 * and so is UTF-8, of which half a surrogate pair is none. */
#ifndef MR_LUA_JSON_DECODE_H
#define MR_LUA_JSON_DECODE_H

#include <lua.h>

#include "base/bytes.h"

struct mr_json;

/* Pushes the value. Raises "byte 17: expected ...", counted from 1. To be called protected. */
void mr_decode(lua_State *L, struct mr_json *json, struct mr_bytes text);

#endif
