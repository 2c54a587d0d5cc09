/* FNV-1a with 64 bits, byte by byte (draft-eastlake-fnv): for texts that are compared by their
 * hashes alone. */
#ifndef MR_BASE_HASH_H
#define MR_BASE_HASH_H

#include <stdint.h>

#include "base/bytes.h"

static inline uint64_t mr_hash(struct mr_bytes text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.length; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
