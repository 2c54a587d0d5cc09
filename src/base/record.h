/* A record on its way out: what scripts publish, replies and requests are all this, from Lua down
 * to the producer. */
#ifndef MR_BASE_RECORD_H
#define MR_BASE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum { MR_PARTITION_ANY = -1 };

/* Borrowed for the length of the call that takes it. */
struct mr_outgoing {
    const char *topic;
    int32_t partition;     /* MR_PARTITION_ANY: the partitioner's choice */
    struct mr_bytes key;   /* data NULL: no key */
    struct mr_bytes value; /* encoded; data NULL: a null value */
    int64_t timestamp;     /* ms; 0: now */
    const struct mr_pair *headers;
    size_t header_count;
    bool single; /* a dead letter: compressed, and a batch of its own unless in a transaction */
};

/* Bytes of names and values. */
size_t mr_pairs_size(const struct mr_pair *pairs, size_t count);
/* Bytes of its key, value and headers: what the largest message (message.max.bytes) is about. */
size_t mr_outgoing_bytes(const struct mr_outgoing *record);
/* A copy that borrows nothing, in one piece: free() it. */
struct mr_outgoing *mr_outgoing_copy(const struct mr_outgoing *record);

/* Bytes that a record with so many in its key and value takes until it is acknowledged, about. */
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
