/* The mistakes that the runtime has found in a task: faults of the script that no retry can mend,
 * such as an undefined global. The runtime notes the text of each fault that it raises as a
 * mistake. If the handler ends with a noted text, a mistake has ended it. The same text raised by
 * the script alone is noted nowhere. */
#ifndef MR_LUA_MISTAKES_H
#define MR_LUA_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* A script can catch any number of mistakes, so only the last of them are kept. */
enum { MR_MISTAKES_KEPT = 32 };

/* All zero: none is noted. */
struct mr_mistakes {
    uint64_t texts[MR_MISTAKES_KEPT]; /* their hashes */
    size_t count;                     /* noted in all */
};

/* Notes the text, unless it is among those kept. */
void mr_mistakes_note(struct mr_mistakes *mistakes, struct mr_bytes text);
bool mr_mistakes_has(const struct mr_mistakes *mistakes, struct mr_bytes text);

#endif
