/* The strings of a JSON text. */
#ifndef MR_LUA_JSON_DECODE_STRING_H
#define MR_LUA_JSON_DECODE_STRING_H

#include <lua.h>

#include "base/buf.h"

/* A text being read, and how what is wrong with it is said. */
struct mr_json_text {
    lua_State *L;
    const char *begin, *end;
    struct mr_buf
        *scratch; /* of a string with escapes; whoever is below the protected call has it */
};

/* Raises "byte N" and `what`, which says what is wrong there. */
_Noreturn void mr_json_fail(const struct mr_json_text *text, const char *at, const char *what);

/* Pushes the string whose first byte (behind the quote) is at `begin`; up to `at` it is known to be
 * plain (lua/json/plain.h). Returns what comes behind the closing quote. */
const char *mr_json_string(const struct mr_json_text *text, const char *begin, const char *at);

#endif
