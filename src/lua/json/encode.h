/* From Lua values to JSON text (RFC 8259), straight into a buffer.
 *
 * A table is an array where its keys are 1..n, or where router.array marked it; an object where
 * they are strings; an empty one is an object unless marked. Numbers that are whole print as such,
 * others with the fewest digits that read back as the same double; int64_t and uint64_t in full.
 * What has no form in JSON is refused with its path: functions, NaN, infinity, strings that are not
 * UTF-8, tables with holes, with both kinds of keys, in themselves, or more than MR_JSON_DEPTH
 * deep.
 */
#ifndef MR_LUA_JSON_ENCODE_H
#define MR_LUA_JSON_ENCODE_H

#include <lua.h>

struct mr_buf;
struct mr_vm;

/* Appends the text of the value at `index` to the buffer. Raises "PATH: why", with as much of it as
 * it came to. A text that is longer than the memory budget of the run fails the run. To be called
 * protected. */
void mr_encode(lua_State *L, int index, struct mr_vm *vm, struct mr_buf *out);

#endif
