/* From Lua values to JSON text (RFC 8259), straight into a buffer.
 *
 * A table is an array where its keys are 1..n, or where router.array marked it; an object where
 * they are strings; an empty one is an object unless marked. Numbers that are whole print as such,
 * others with the fewest digits that read back as the same double. What has no form in JSON is
 * refused with its path: functions, NaN, infinity, strings that are not UTF-8, tables with holes,
 * with both kinds of keys, in themselves, or more than MR_JSON_DEPTH deep. */
#ifndef MR_LUA_ENCODE_H
#define MR_LUA_ENCODE_H

#include <lua.h>

#include "base/buf.h"

enum { MR_JSON_DEPTH = 512 };

/* Appends the text of the value at `index`. `array` is lua_topointer of the metatable that marks
 * arrays. Raises "PATH: why", with `out` as far as it came. To be called protected. */
void mr_encode(lua_State *L, int index, const void *array, struct mr_buf *out);

#endif
