/* A borrowed run of bytes: never owned, never NUL-terminated by promise. data is NULL for "none"
 * (Kafka's null). */
#ifndef MR_BASE_BYTES_H
#define MR_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct mr_bytes {
    const char *data;
    size_t length;
};

/* A name and a value: a record's header. value.data NULL is a null value. Borrowed as bytes are. */
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
