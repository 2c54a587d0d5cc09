/* A growable run of bytes that owns its memory. {0} is an empty buffer; mr_buf_free() returns it to
 * that. */
#ifndef MR_BASE_BUF_H
#define MR_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct mr_buf {
    char *data; /* NUL-terminated after every append; NULL while nothing was appended */
    size_t length;
    size_t capacity;
};

void mr_buf_append(struct mr_buf *buf, const void *bytes, size_t length);
void mr_buf_string(struct mr_buf *buf, const char *text);
void mr_buf_printf(struct mr_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends the text as a JSON string, quotes included; no control character is left in it, whatever
 * a terminal would make of it. Bytes that are not UTF-8 become U+FFFD. */
void mr_buf_json(struct mr_buf *buf, const char *text, size_t length);
/* Makes room for `length` more bytes and returns where they go; the caller adds to buf->length what
 * it wrote. */
char *mr_buf_reserve(struct mr_buf *buf, size_t length);
/* Drops the first `length` bytes. */
void mr_buf_consume(struct mr_buf *buf, size_t length);
void mr_buf_clear(struct mr_buf *buf); /* keeps the memory */
void mr_buf_free(struct mr_buf *buf);
/* The text so far, "" where nothing was appended. Borrowed. */
const char *mr_buf_text(const struct mr_buf *buf);

/* Writes the number in decimal with a NUL behind it; returns its length, 20 at most. */
size_t mr_decimal(char to[24], int64_t value);

/* Length-prefixed fields (u32, host order) for what master and workers tell each other on one
 * machine. */
void mr_buf_put_u64(struct mr_buf *buf, uint64_t value);
void mr_buf_put_bytes(struct mr_buf *buf, const void *bytes, size_t length);

/* A cursor over such fields. After a read past the end `failed` is set and reads give 0 or empty.
 */
struct mr_reader {
    const char *at;
    const char *end;
    bool failed;
};
uint64_t mr_reader_u64(struct mr_reader *reader);
struct mr_bytes mr_reader_bytes(struct mr_reader *reader); /* borrowed from the reader's memory */

#endif
