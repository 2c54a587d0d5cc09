#include "base/idmap.h"

#include <stdlib.h>

#include "base/panic.h"

struct mr_idmap_entry {
    uint64_t hash;
    struct mr_bytes key;
    void *value; /* NULL: the entry is free */
};

/* Hashes by FNV-1a, 64 bits, over 8 bytes at a time, with the murmur3 finalizer. Keys are UUIDs and
 * message keys. */
static uint64_t hash_of(struct mr_bytes key)
{
    uint64_t hash = 0xcbf29ce484222325u ^ key.length;
    size_t i = 0;
    for (; i + 8 <= key.length; i += 8) {
        uint64_t word;
        memcpy(&word, key.data + i, 8);
        hash = (hash ^ word) * 0x100000001b3u;
        hash ^= hash >> 32;
    }
    for (; i < key.length; i++)
        hash = (hash ^ (unsigned char)key.data[i]) * 0x100000001b3u;
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdu;
    return hash ^ (hash >> 33);
}

/* Returns the entry with that key, or else the free entry for it. */
static struct mr_idmap_entry *find(const struct mr_idmap *map, uint64_t hash, struct mr_bytes key)
{
    for (size_t i = hash & (map->capacity - 1);; i = (i + 1) & (map->capacity - 1)) {
        struct mr_idmap_entry *entry = &map->entries[i];
        if (entry->value == NULL || (entry->hash == hash && mr_bytes_equal(entry->key, key)))
            return entry;
    }
}

static void grow(struct mr_idmap *map)
{
    struct mr_idmap old = *map;
    map->capacity = old.capacity ? old.capacity * 2 : 64;
    map->entries = mr_alloc(map->capacity * sizeof(map->entries[0]));
    for (size_t i = 0; i < old.capacity; i++)
        if (old.entries[i].value != NULL)
            *find(map, old.entries[i].hash, old.entries[i].key) = old.entries[i];
    free(old.entries);
}

void *mr_idmap_get(const struct mr_idmap *map, struct mr_bytes key)
{
    return map->count == 0 ? NULL : find(map, hash_of(key), key)->value;
}

void *mr_idmap_put(struct mr_idmap *map, struct mr_bytes key, void *value)
{
    MR_ASSERT(value != NULL);
    if ((map->count + 1) * 4 > map->capacity * 3)
        grow(map);
    uint64_t hash = hash_of(key);
    struct mr_idmap_entry *entry = find(map, hash, key);
    void *before = entry->value;
    if (before == NULL)
        map->count++;
    *entry = (struct mr_idmap_entry){hash, key, value};
    return before;
}

/* Closes the gap at `hole`. Moves up the entries behind it that could no longer be found from their
 * home (Knuth 6.4, algorithm R). */
static void close_gap(struct mr_idmap *map, size_t hole)
{
    size_t mask = map->capacity - 1;
    for (size_t i = (hole + 1) & mask; map->entries[i].value != NULL; i = (i + 1) & mask) {
        size_t home = map->entries[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole] = (struct mr_idmap_entry){0};
}

void *mr_idmap_remove(struct mr_idmap *map, struct mr_bytes key)
{
    if (map->count == 0)
        return NULL;
    struct mr_idmap_entry *entry = find(map, hash_of(key), key);
    void *value = entry->value;
    if (value == NULL)
        return NULL;
    map->count--;
    close_gap(map, (size_t)(entry - map->entries));
    return value;
}

void mr_idmap_free(struct mr_idmap *map)
{
    free(map->entries);
    *map = (struct mr_idmap){0};
}

void mr_idmap_drain(struct mr_idmap *map, void (*each)(void *value))
{
    for (size_t i = 0; i < map->capacity; i++)
        if (map->entries[i].value != NULL)
            each(map->entries[i].value);
    mr_idmap_free(map);
}
