#include "lua/mistakes.h"

/* FNV-1a, 64 bits */
static uint64_t hash(struct mr_bytes text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void mr_mistakes_note(struct mr_mistakes *mistakes, struct mr_bytes text)
{
    if (!mr_mistakes_has(mistakes, text))
        mistakes->texts[mistakes->count++ % MR_MISTAKES_KEPT] = hash(text);
}

bool mr_mistakes_has(const struct mr_mistakes *mistakes, struct mr_bytes text)
{
    size_t kept = mistakes->count < MR_MISTAKES_KEPT ? mistakes->count : MR_MISTAKES_KEPT;
    uint64_t wanted = kept > 0 ? hash(text) : 0;
    for (size_t i = 0; i < kept; i++)
        if (mistakes->texts[i] == wanted)
            return true;
    return false;
}
