/* Finds text that crashes LuaJIT's parser (before July 2024). At the end of `for ... in LIST do`
 * the parser looks at the first instruction of the list. A nil there may need no instruction, if
 * the instruction before it clears its register too. Then the parser takes another instruction for
 * that of the list, and with its operand it reads out of bounds.
 *
 * A list begins with nil if it says so, or if LuaJIT folds constants to nil: `1 and nil`. */
#ifndef MR_LUA_UNPARSABLE_H
#define MR_LUA_UNPARSABLE_H

#include <stddef.h>

/* Returns the line of the first such loop, or 0 if there is none. It may find a loop that LuaJIT
 * would parse, but only a loop whose list begins with a constant and has a nil in it. */
int mr_unparsable_line(const char *text, size_t length);

#endif
