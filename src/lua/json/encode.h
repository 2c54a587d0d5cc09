/* Encodes Lua values as JSON text (RFC 8259), straight into a buffer.
 *
 * A table is an array if its keys are 1..n, or if router.array marked it. It is an object if its
 * keys are strings; an empty table is an object unless marked. Whole numbers print as such, other
 * numbers with the fewest digits that read back as the same double. Values of int64_t and uint64_t
 * print in full.
 *
 * Values without a form in JSON are refused with their path: functions, NaN, infinity and strings
 * that are not UTF-8. So are tables with holes, with both kinds of keys, in themselves, or more
 * than MR_JSON_DEPTH deep. */
#ifndef MR_LUA_JSON_ENCODE_H
#define MR_LUA_JSON_ENCODE_H

#include <lua.h>

struct mr_buf;
struct mr_vm;

/* Appends the text of the value at `index` to the buffer. If it raises "PATH: why", the buffer has
 * the text up to there. If the text is longer than the memory budget of the run, the run fails.
 * Call it protected. */
void mr_encode(lua_State *L, int index, struct mr_vm *vm, struct mr_buf *out);

#endif
