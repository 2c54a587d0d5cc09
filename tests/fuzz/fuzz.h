/* What every target has: the function that libFuzzer calls, an oracle that stays on, and a cursor
 * that makes things of the bytes. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a target promises of its room; a broken promise is a crash like any other. */
#define PROMISED(condition)                                                                        \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Past the end it gives zeros and empty runs. */
struct cursor {
    const char *at, *end;
};

static inline uint8_t next_byte(struct cursor *cursor)
{
    return cursor->at < cursor->end ? (uint8_t)*cursor->at++ : 0;
}

/* Up to 255 bytes: a length and they. In memory of their own, which the caller frees. */
static inline struct mr_bytes next_bytes(struct cursor *cursor)
{
    size_t length = next_byte(cursor), left = (size_t)(cursor->end - cursor->at);
    if (length > left)
        length = left;
    char *bytes = malloc(length ? length : 1);
    if (length > 0)
        memcpy(bytes, cursor->at, length);
    cursor->at += length;
    return (struct mr_bytes){bytes, length};
}

static inline void free_bytes(struct mr_bytes bytes)
{
    union {
        const char *from;
        void *to;
    } memory = {bytes.data};
    free(memory.to);
}

#endif
