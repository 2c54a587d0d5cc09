#include "base/record.h"

#include "base/panic.h"

static size_t size_of(const struct mr_outgoing *record)
{
    size_t size = sizeof(*record) + strlen(record->topic) + 1 + record->key.length +
                  record->value.length + record->header_count * sizeof(struct mr_pair);
    for (size_t i = 0; i < record->header_count; i++)
        size += record->headers[i].name.length + record->headers[i].value.length;
    return size;
}

/* Copies to *to, which it moves on; a NULL stays NULL. */
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
    struct mr_outgoing *copy = mr_alloc(size_of(record));
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
