/* A map from byte strings to pointers, such as correlation ids to pending requests and keys to
 * their chains. Open addressing with linear probing. Keys are borrowed and must live as long as
 * their entry. */
#ifndef MR_BASE_IDMAP_H
#define MR_BASE_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* {0} is an empty map; mr_idmap_free() empties it again. */
struct mr_idmap {
    struct mr_idmap_entry *entries;
    size_t capacity; /* a power of two */
    size_t count;
};

void *mr_idmap_get(const struct mr_idmap *map, struct mr_bytes key); /* NULL if there is none */
/* Adds an entry; `value` is not NULL. Replaces an entry of the same key, including its key. Returns
 * the replaced value, NULL if there was none. */
void *mr_idmap_put(struct mr_idmap *map, struct mr_bytes key, void *value);
/* Returns the removed value, NULL if there was none. */
void *mr_idmap_remove(struct mr_idmap *map, struct mr_bytes key);
void mr_idmap_free(struct mr_idmap *map);
/* Frees the map, and first hands each value to `each`, which must not touch the map. */
void mr_idmap_drain(struct mr_idmap *map, void (*each)(void *value));

#endif
