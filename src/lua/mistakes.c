#include "lua/mistakes.h"

#include "base/hash.h"

void mr_mistakes_note(struct mr_mistakes *mistakes, struct mr_bytes text)
{
    if (!mr_mistakes_has(mistakes, text))
        mistakes->texts[mistakes->count++ % MR_MISTAKES_KEPT] = mr_hash(text);
}

bool mr_mistakes_has(const struct mr_mistakes *mistakes, struct mr_bytes text)
{
    size_t kept = mistakes->count < MR_MISTAKES_KEPT ? mistakes->count : MR_MISTAKES_KEPT;
    uint64_t wanted = kept > 0 ? mr_hash(text) : 0;
    for (size_t i = 0; i < kept; i++)
        if (mistakes->texts[i] == wanted)
            return true;
    return false;
}
