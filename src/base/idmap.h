/* A map from byte strings to pointers: correlation ids to what waits for them, keys to their
 * chains. Open addressing with linear probing; keys are borrowed and must live as long as their
 * entry. */
#ifndef MR_BASE_IDMAP_H
#define MR_BASE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* {0} is an empty map; mr_idmap_free() returns it to that. */
struct mr_idmap {
    struct mr_idmap_entry *entries;
    size_t capacity; /* a power of two */
    size_t count;
};

void *mr_idmap_get(const struct mr_idmap *map, struct mr_bytes key); /* NULL where there is none */
/* `value` is not NULL. An entry of that key is replaced, its key too. */
void mr_idmap_put(struct mr_idmap *map, struct mr_bytes key, void *value);
/* Returns what was there, NULL where there was none. */
void *mr_idmap_remove(struct mr_idmap *map, struct mr_bytes key);
void mr_idmap_free(struct mr_idmap *map);
/* The same, and hands each value to `each` first, which must not touch the map. */
void mr_idmap_drain(struct mr_idmap *map, void (*each)(void *value));

#endif
