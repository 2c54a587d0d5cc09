/* A growable run of bytes that owns its memory. {0} is an empty buffer; mr_buf_free() empties it
 * again. */
#ifndef MR_BASE_BUF_H
#define MR_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct mr_buf {
    char *data; /* NUL-terminated after every append; NULL before the first */
    size_t length;
    size_t capacity;
};

void mr_buf_append(struct mr_buf *buf, const void *bytes, size_t length);
void mr_buf_string(struct mr_buf *buf, const char *text);
void mr_buf_printf(struct mr_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Appends the text as a JSON string, quotes included. Escapes every control character, so that a
 * terminal cannot obey any. Replaces bytes that are not UTF-8 by U+FFFD. */
void mr_buf_json(struct mr_buf *buf, const char *text, size_t length);
/* Makes room for `length` more bytes and returns the place to write them. The caller adds to
 * buf->length the bytes that it wrote. */
char *mr_buf_reserve(struct mr_buf *buf, size_t length);
/* Drops the first `length` bytes. */
void mr_buf_consume(struct mr_buf *buf, size_t length);
void mr_buf_clear(struct mr_buf *buf); /* keeps the memory */
void mr_buf_free(struct mr_buf *buf);
/* Returns the text so far, "" if nothing was appended. Borrowed. */
const char *mr_buf_text(const struct mr_buf *buf);

/* Writes the number in decimal, with a NUL behind it. Returns its length, at most 20. */
size_t mr_decimal(char to[24], int64_t value);

/* Appends a field with its length before it (u32, host order), for frames between master and
 * workers on one machine. A u64 is appended without a length. */
void mr_buf_put_u64(struct mr_buf *buf, uint64_t value);
void mr_buf_put_bytes(struct mr_buf *buf, const void *bytes, size_t length);

/* Reads such fields. A read past the end sets `failed`; this read and all later ones give 0 or no
 * bytes. */
struct mr_reader {
    const char *at;
    const char *end;
    bool failed;
};
uint64_t mr_reader_u64(struct mr_reader *reader);
struct mr_bytes mr_reader_bytes(struct mr_reader *reader); /* borrowed from the reader's memory */

#endif
