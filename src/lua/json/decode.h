/* Decodes JSON text (RFC 8259) straight into Lua values.
 *
 * An object becomes a table; an array becomes a table with the metatable that marks arrays; null
 * becomes the light userdata NULL. A number becomes a double. If it is written as an integer,
 * beyond 2^53 and within 64 bits, it becomes an int64_t. If two members of an object have the same
 * name, the last member counts. The grammar is strict. So is UTF-8: half a surrogate pair is an
 * error. */
#ifndef MR_LUA_JSON_DECODE_H
#define MR_LUA_JSON_DECODE_H

#include <lua.h>

#include "base/bytes.h"

struct mr_json;

/* Pushes the value, of `most` levels at most. Raises "byte 17: expected ...", counted from 1. Call
 * it protected. */
void mr_decode(lua_State *L, struct mr_json *json, struct mr_bytes text, int most);

#endif
