/* Reads the strings of a JSON text. */
#ifndef MR_LUA_JSON_DECODE_STRING_H
#define MR_LUA_JSON_DECODE_STRING_H

#include <lua.h>

#include "base/buf.h"

/* A text that is being read. */
struct mr_json_text {
    lua_State *L;
    const char *begin, *end;
    struct mr_buf *scratch; /* for a string with escapes; its owner outlives an error raised here */
};

/* Raises "byte N" and behind it `what`, which says what is wrong there. */
_Noreturn void mr_json_fail(const struct mr_json_text *text, const char *at, const char *what);

/* Pushes the string whose first byte (behind the quote) is at `begin`. Up to `at` it is known to be
 * plain (lua/json/plain.h). Returns the position behind the closing quote. */
const char *mr_json_string(const struct mr_json_text *text, const char *begin, const char *at);

#endif
