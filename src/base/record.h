/* An outgoing record: scripts' messages, replies and requests all have this form, from Lua down to
 * the producer. */
#ifndef MR_BASE_RECORD_H
#define MR_BASE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { MR_PARTITION_ANY = -1 };

/* Borrowed until the call that takes it returns. */
struct mr_outgoing {
    const char *topic;
    int32_t partition;     /* MR_PARTITION_ANY: the partitioner's choice */
    struct mr_bytes key;   /* data NULL: no key */
    struct mr_bytes value; /* encoded; data NULL: a null value */
    int64_t timestamp;     /* ms; 0: now */
    const struct mr_pair *headers;
    size_t header_count;
    bool single; /* a dead letter: compressed, and in a batch of its own except in a transaction */
};

/* Returns the bytes of names and values together. */
size_t mr_pairs_size(const struct mr_pair *pairs, size_t count);
/* Returns the bytes of key, value and headers together, which message.max.bytes limits. */
size_t mr_outgoing_bytes(const struct mr_outgoing *record);
/* Returns a copy that borrows nothing, in one block: free() it. */
struct mr_outgoing *mr_outgoing_copy(const struct mr_outgoing *record);

/* Returns about how many bytes of memory a record takes until it is acknowledged. `key` and `value`
 * are their bytes. */
static inline size_t mr_record_size(size_t key, size_t value)
{
    enum { ITSELF = 1024 };
    return ITSELF + key + value;
}
static inline size_t mr_outgoing_size(const struct mr_outgoing *record)
{
    return mr_record_size(record->key.length, record->value.length);
}

#endif
