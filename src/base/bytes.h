/* A borrowed run of bytes: never owned, and not necessarily NUL-terminated. `data` is NULL for
 * "none" (Kafka's null). */
#ifndef MR_BASE_BYTES_H
#define MR_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct mr_bytes {
    const char *data;
    size_t length;
};

/* A name and a value: a header of a record. A null value has value.data NULL. Borrowed, like
 * mr_bytes. */
struct mr_pair {
    struct mr_bytes name;
    struct mr_bytes value;
};

#define MR_BYTES_NONE     ((struct mr_bytes){NULL, 0})
#define MR_BYTES(literal) ((struct mr_bytes){"" literal, sizeof(literal) - 1})

static inline struct mr_bytes mr_bytes_of(const char *text)
{
    return (struct mr_bytes){text, text == NULL ? 0 : strlen(text)};
}

static inline bool mr_bytes_equal(struct mr_bytes a, struct mr_bytes b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

#endif
