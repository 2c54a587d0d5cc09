#include "worker/wire/request.h"

#include <string.h>

#include "base/buf.h"
#include "base/panic.h"
#include "worker/wire/headers.h"

/* Of both families; the first that is one of ours counts. */
static const struct mr_bytes id_headers[] = {
    {"correlation-id", sizeof("correlation-id") - 1},
    {"kafka_correlationId", sizeof("kafka_correlationId") - 1},
};

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
    bool kafka = terms->dialect == MR_DIALECT_NESTJS || terms->dialect == MR_DIALECT_SPRING;
    MR_ASSERT(terms->dialect != MR_DIALECT_AUTO);
    headers->count = 0;
    mr_decimal(headers->timestamp, terms->now);
    mr_decimal(headers->timeout, terms->timeout);
    add(headers, id_headers[kafka], terms->correlation_id);
    add(headers, kafka ? MR_BYTES("kafka_replyTopic") : MR_BYTES("reply-to"),
        mr_bytes_of(terms->reply_to));
    if (terms->dialect == MR_DIALECT_KAFKA_CLIENT)
        add(headers, MR_BYTES("message-type"), MR_BYTES("request-reply"));
    if (kafka)
        add(headers, MR_BYTES("kafka_replyPartition"),
            terms->dialect == MR_DIALECT_NESTJS ? partition_text(headers, terms->reply_partition)
                                                : partition_bytes(headers, terms->reply_partition));
    add(headers, MR_BYTES("timestamp"), mr_bytes_of(headers->timestamp));
    add(headers, MR_BYTES("timeout"), mr_bytes_of(headers->timeout));
}

struct mr_bytes mr_ask_key(const struct mr_ask_terms *terms)
{
    bool own = terms->dialect == MR_DIALECT_KAFKA_CLIENT || terms->dialect == MR_DIALECT_PLAIN;
    return own ? terms->correlation_id : MR_BYTES_NONE;
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
    for (size_t i = 0; i < sizeof(id_headers) / sizeof(id_headers[0]) && found == NULL; i++)
        if (mr_header_find(headers, count, id_headers[i], &id))
            found = mr_idmap_get(open, id);
    return found;
}

/* As every error reply of ours has it. */
static bool has_error_status(const struct mr_pair *headers, size_t count)
{
    struct mr_bytes status;
    return mr_header_find(headers, count, MR_BYTES("status-code"), &status) && status.length == 3 &&
           (status.data[0] == '4' || status.data[0] == '5');
}

struct mr_heard mr_ask_heard(enum mr_dialect dialect, struct mr_bytes value,
                             const struct mr_pair *headers, size_t count)
{
    struct mr_bytes type = MR_BYTES_NONE;
    struct mr_heard heard = {.value = value};
    mr_header_find(headers, count, MR_BYTES("message-type"), &type);
    heard.is_reply = !mr_bytes_equal(type, MR_BYTES("fire-and-forget"));
    switch (dialect) {
    case MR_DIALECT_KAFKA_CLIENT:
    case MR_DIALECT_PLAIN:
        heard.is_error = mr_bytes_equal(type, MR_BYTES("error"));
        heard.enveloped = dialect == MR_DIALECT_KAFKA_CLIENT;
        return heard;
    case MR_DIALECT_NESTJS:
        heard.bare = true;
        heard.is_error = mr_header_find(headers, count, MR_BYTES("kafka_nest-err"), &heard.value);
        return heard;
    case MR_DIALECT_SPRING:
        heard.is_error = has_error_status(headers, count);
        return heard;
    case MR_DIALECT_AUTO:
    case MR_DIALECTS:
        break;
    }
    MR_UNREACHABLE("a dialect to ask in");
}
