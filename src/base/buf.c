#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"
#include "base/panic.h"
#include "base/utf8.h"

char *mr_buf_reserve(struct mr_buf *buf, size_t length)
{
    size_t needed = buf->length + length + 1;
    if (needed > buf->capacity) {
        size_t capacity = buf->capacity ? buf->capacity * 2 : 256;
        while (capacity < needed)
            capacity *= 2;
        buf->data = mr_realloc(buf->data, capacity);
        buf->capacity = capacity;
    }
    return buf->data + buf->length;
}

void mr_buf_append(struct mr_buf *buf, const void *bytes, size_t length)
{
    char *to = mr_buf_reserve(buf, length);
    if (length > 0)
        memcpy(to, bytes, length);
    buf->length += length;
    buf->data[buf->length] = '\0';
}

void mr_buf_string(struct mr_buf *buf, const char *text)
{
    mr_buf_append(buf, text, strlen(text));
}

void mr_buf_printf(struct mr_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    MR_ASSERT(length >= 0);
    char *to = mr_buf_reserve(buf, (size_t)length);
    va_start(args, format);
    vsnprintf(to, (size_t)length + 1, format, args);
    va_end(args);
    buf->length += (size_t)length;
}

static void append_escaped(struct mr_buf *buf, unsigned char byte)
{
    static const char short_escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *pair = short_escapes; *pair; pair += 2) {
        if ((unsigned char)pair[0] == byte) {
            mr_buf_append(buf, (char[]){'\\', pair[1]}, 2);
            return;
        }
    }
    mr_buf_printf(buf, "\\u%04x", byte);
}

void mr_buf_json(struct mr_buf *buf, const char *text, size_t length)
{
    mr_buf_append(buf, "\"", 1);
    for (size_t i = 0; i < length;) {
        unsigned char byte = (unsigned char)text[i];
        size_t run = mr_utf8_length(text + i, length - i);
        if (run == 0) {
            mr_buf_append(buf, "\xef\xbf\xbd", 3);
            run = 1;
        } else if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f) {
            append_escaped(buf, byte);
        } else if (byte == 0xc2 && (unsigned char)text[i + 1] < 0xa0) {
            append_escaped(buf, (unsigned char)text[i + 1]); /* U+0080 to U+009F */
        } else {
            mr_buf_append(buf, text + i, run);
        }
        i += run;
    }
    mr_buf_append(buf, "\"", 1);
}

void mr_buf_consume(struct mr_buf *buf, size_t length)
{
    MR_ASSERT(length <= buf->length);
    if (length == 0)
        return;
    buf->length -= length;
    memmove(buf->data, buf->data + length, buf->length + 1);
}

void mr_buf_clear(struct mr_buf *buf)
{
    buf->length = 0;
    if (buf->data != NULL)
        buf->data[0] = '\0';
}

void mr_buf_free(struct mr_buf *buf)
{
    free(buf->data);
    *buf = (struct mr_buf){0};
}

const char *mr_buf_text(const struct mr_buf *buf)
{
    return buf->data == NULL ? "" : buf->data;
}

size_t mr_decimal(char to[24], int64_t value)
{
    size_t sign = value < 0 ? 1 : 0;
    to[0] = '-';
    size_t length = sign + mr_digits(to + sign, sign > 0 ? 0 - (uint64_t)value : (uint64_t)value);
    to[length] = '\0';
    return length;
}

void mr_buf_put_u64(struct mr_buf *buf, uint64_t value)
{
    mr_buf_append(buf, &value, sizeof(value));
}

void mr_buf_put_bytes(struct mr_buf *buf, const void *bytes, size_t length)
{
    uint32_t prefix = (uint32_t)length;
    MR_ASSERT(prefix == length);
    mr_buf_append(buf, &prefix, sizeof(prefix));
    mr_buf_append(buf, bytes, length);
}

static const char *reader_take(struct mr_reader *reader, size_t length)
{
    if (reader->failed || (size_t)(reader->end - reader->at) < length) {
        reader->failed = true;
        return NULL;
    }
    const char *taken = reader->at;
    reader->at += length;
    return taken;
}

uint64_t mr_reader_u64(struct mr_reader *reader)
{
    uint64_t value = 0;
    const char *bytes = reader_take(reader, sizeof(value));
    if (bytes != NULL)
        memcpy(&value, bytes, sizeof(value));
    return value;
}

struct mr_bytes mr_reader_bytes(struct mr_reader *reader)
{
    uint32_t length = 0;
    const char *prefix = reader_take(reader, sizeof(length));
    if (prefix == NULL)
        return MR_BYTES("");
    memcpy(&length, prefix, sizeof(length));
    const char *bytes = reader_take(reader, length);
    return bytes == NULL ? MR_BYTES("") : (struct mr_bytes){bytes, length};
}
