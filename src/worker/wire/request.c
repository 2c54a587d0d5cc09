#include "worker/wire/request.h"

#include <string.h>

#include "base/buf.h"
#include "base/panic.h"
#include "worker/wire/headers.h"

static void add(struct mr_ask_headers *headers, struct mr_bytes name, struct mr_bytes value)
{
    headers->pairs[headers->count++] = (struct mr_pair){name, value};
}

static struct mr_bytes partition_text(struct mr_ask_headers *headers, int32_t partition)
{
    mr_decimal(headers->partition, partition);
    return mr_bytes_of(headers->partition);
}

static struct mr_bytes partition_bytes(struct mr_ask_headers *headers, int32_t partition)
{
    for (int i = 0; i < 4; i++)
        headers->partition[i] = (char)((uint32_t)partition >> (24 - 8 * i) & 0xff);
    return (struct mr_bytes){headers->partition, 4};
}

void mr_ask_compose(struct mr_ask_headers *headers, const struct mr_ask_terms *terms)
{
    const struct mr_dialect_row *row = &mr_dialect_rows[terms->dialect];
    MR_ASSERT(terms->dialect != MR_DIALECT_AUTO);
    headers->count = 0;
    mr_decimal(headers->timestamp, terms->now);
    mr_decimal(headers->timeout, terms->timeout);
    add(headers, row->correlation_id, terms->correlation_id);
    add(headers, row->reply_to, mr_bytes_of(terms->reply_to));
    if (row->request_type.data != NULL)
        add(headers, MR_BYTES("message-type"), row->request_type);
    if (row->reply_partition.data != NULL)
        add(headers, row->reply_partition,
            row->partition_in_text ? partition_text(headers, terms->reply_partition)
                                   : partition_bytes(headers, terms->reply_partition));
    add(headers, MR_BYTES("timestamp"), mr_bytes_of(headers->timestamp));
    add(headers, MR_BYTES("timeout"), mr_bytes_of(headers->timeout));
}

struct mr_bytes mr_ask_key(const struct mr_ask_terms *terms)
{
    return mr_dialect_rows[terms->dialect].key_is_id ? terms->correlation_id : MR_BYTES_NONE;
}

void mr_ask_address(struct mr_outgoing *record, struct mr_pair *headers, struct mr_ask_headers *own,
                    const struct mr_ask_terms *terms)
{
    mr_ask_compose(own, terms);
    memcpy(headers, own->pairs, own->count * sizeof(own->pairs[0]));
    record->header_count =
        mr_headers_append(headers, own->count, record->headers, record->header_count);
    record->headers = headers;
    if (record->key.data == NULL)
        record->key = mr_ask_key(terms);
}

void *mr_ask_find(const struct mr_idmap *open, const struct mr_pair *headers, size_t count)
{
    void *found = NULL;
    struct mr_bytes id;
    for (size_t i = MR_DIALECT_AUTO + 1; i < MR_DIALECTS && found == NULL; i++)
        if (mr_header_find(headers, count, mr_dialect_rows[i].correlation_id, &id))
            found = mr_idmap_get(open, id);
    return found;
}

/* Returns true for a status-code of 4xx or 5xx, which every error reply of ours has. */
static bool has_error_status(const struct mr_pair *headers, size_t count)
{
    struct mr_bytes status;
    return mr_header_find(headers, count, MR_BYTES("status-code"), &status) && status.length == 3 &&
           (status.data[0] == '4' || status.data[0] == '5');
}

static bool is_error(const struct mr_dialect_row *row, struct mr_bytes type,
                     const struct mr_pair *headers, size_t count, struct mr_heard *heard)
{
    switch (row->error_told) {
    case MR_ERROR_BY_TYPE:
        return mr_bytes_equal(type, MR_BYTES("error"));
    case MR_ERROR_BY_HEADER:
        return mr_header_find(headers, count, row->error_header, &heard->value);
    case MR_ERROR_BY_STATUS:
        return has_error_status(headers, count);
    }
    MR_UNREACHABLE("a way to mark errors");
}

struct mr_heard mr_ask_heard(enum mr_dialect dialect, struct mr_bytes value,
                             const struct mr_pair *headers, size_t count)
{
    const struct mr_dialect_row *row = &mr_dialect_rows[dialect];
    struct mr_bytes type = MR_BYTES_NONE;
    struct mr_heard heard = {.value = value, .enveloped = row->enveloped, .bare = row->bare};
    MR_ASSERT(dialect != MR_DIALECT_AUTO);
    mr_header_find(headers, count, MR_BYTES("message-type"), &type);
    heard.is_reply = !mr_bytes_equal(type, MR_BYTES("fire-and-forget"));
    heard.is_error = is_error(row, type, headers, count, &heard);
    return heard;
}
