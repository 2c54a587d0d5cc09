#include "base/record.h"

#include "base/panic.h"

size_t mr_pairs_size(const struct mr_pair *pairs, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += pairs[i].name.length + pairs[i].value.length;
    return size;
}

size_t mr_outgoing_bytes(const struct mr_outgoing *record)
{
    return record->key.length + record->value.length +
           mr_pairs_size(record->headers, record->header_count);
}

static size_t size_of(const struct mr_outgoing *record)
{
    return sizeof(*record) + strlen(record->topic) + 1 + mr_outgoing_bytes(record) +
           record->header_count * sizeof(struct mr_pair);
}

/* Copies the bytes to *to and moves *to behind them. NULL stays NULL. */
static struct mr_bytes copy_bytes(char **to, struct mr_bytes from)
{
    if (from.data == NULL)
        return from;
    struct mr_bytes copy = {*to, from.length};
    if (from.length > 0)
        memcpy(*to, from.data, from.length);
    *to += from.length;
    return copy;
}

struct mr_outgoing *mr_outgoing_copy(const struct mr_outgoing *record)
{
    struct mr_outgoing *copy = mr_realloc(NULL, size_of(record)); /* every byte is written */
    struct mr_pair *headers = (struct mr_pair *)(copy + 1);
    char *to = (char *)(headers + record->header_count);
    *copy = *record;
    copy->headers = headers;
    copy->topic = copy_bytes(&to, mr_bytes_of(record->topic)).data;
    *to++ = '\0';
    copy->key = copy_bytes(&to, record->key);
    copy->value = copy_bytes(&to, record->value);
    for (size_t i = 0; i < record->header_count; i++) {
        headers[i].name = copy_bytes(&to, record->headers[i].name);
        headers[i].value = copy_bytes(&to, record->headers[i].value);
    }
    return copy;
}
