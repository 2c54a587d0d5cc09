#include "worker/wire/reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "base/uuid.h"
#include "worker/wire/headers.h"

/* If a huge value made the buffer larger than this, it is not kept for the small ones. */
enum { KEEP_MOST = 1 << 20 };

static struct mr_bytes text_of(const struct mr_reply *reply)
{
    return (struct mr_bytes){mr_buf_text(&reply->value), reply->value.length};
}

static void put_error(struct mr_buf *value, const struct mr_answer *answer, bool with_success,
                      const char *timestamp)
{
    mr_buf_printf(value, "{%s\"statusCode\":%d,", with_success ? "\"success\":false," : "",
                  answer->status);
    if (with_success) {
        mr_buf_string(value, "\"error\":");
        mr_buf_json(value, answer->name.data, answer->name.length);
        mr_buf_string(value, ",\"message\":");
        mr_buf_json(value, answer->message.data, answer->message.length);
        mr_buf_printf(value, ",\"timestamp\":%s}", timestamp);
        return;
    }
    mr_buf_string(value, "\"message\":");
    mr_buf_json(value, answer->message.data, answer->message.length);
    mr_buf_string(value, ",\"error\":");
    mr_buf_json(value, answer->name.data, answer->name.length);
    mr_buf_string(value, "}");
}

static void put_success(struct mr_buf *value, struct mr_bytes data, const char *timestamp)
{
    mr_buf_string(value, "{\"success\":true,\"data\":");
    mr_buf_append(value, data.data, data.length);
    mr_buf_string(value, ",\"timestamp\":");
    mr_buf_string(value, timestamp);
    mr_buf_string(value, "}");
}

static struct mr_bytes value_of_error(struct mr_reply *reply, const struct mr_dialect_row *dialect,
                                      const struct mr_answer *answer)
{
    put_error(&reply->value, answer, dialect->enveloped, reply->timestamp);
    return dialect->error_header.data != NULL ? MR_BYTES_NONE : text_of(reply);
}

/* Returns the value of a success. Without an envelope it is the answer's own. */
static struct mr_bytes value_of_success(struct mr_reply *reply,
                                        const struct mr_dialect_row *dialect,
                                        const struct mr_answer *answer)
{
    bool is_null = answer->value.data == NULL;
    struct mr_bytes data = is_null ? MR_BYTES("null") : answer->value;
    if (is_null && dialect->null_is_null)
        return MR_BYTES_NONE;
    if (!dialect->enveloped || answer->raw)
        return data;
    put_success(&reply->value, data, reply->timestamp);
    return text_of(reply);
}

static struct mr_bytes put_value(struct mr_reply *reply, const struct mr_dialect_row *dialect,
                                 const struct mr_answer *answer)
{
    if (reply->value.capacity > KEEP_MOST)
        mr_buf_free(&reply->value);
    mr_buf_clear(&reply->value);
    return answer->is_error ? value_of_error(reply, dialect, answer)
                            : value_of_success(reply, dialect, answer);
}

static struct mr_bytes put_key(struct mr_reply *reply, enum mr_reply_key key,
                               struct mr_bytes requests)
{
    switch (key) {
    case MR_REPLY_KEY_MESSAGE_ID:
        mr_uuid_text(reply->message_id);
        return mr_bytes_of(reply->message_id);
    case MR_REPLY_KEY_OF_REQUEST:
        return requests;
    case MR_REPLY_KEY_NONE:
        return MR_BYTES_NONE;
    }
    MR_UNREACHABLE("a key of a reply");
}

static struct mr_pair own_header(const struct mr_reply *reply, enum mr_reply_header own,
                                 const struct mr_request *request, bool is_error)
{
    const struct mr_dialect_row *dialect = &mr_dialect_rows[request->dialect];
    switch (own) {
    case MR_REPLY_MESSAGE_ID:
        return (struct mr_pair){MR_BYTES("message-id"), mr_bytes_of(reply->message_id)};
    case MR_REPLY_MESSAGE_TYPE:
        return (struct mr_pair){
            MR_BYTES("message-type"),
            mr_bytes_of(is_error ? dialect->error_type : dialect->success_type)};
    case MR_REPLY_TIMESTAMP:
        return (struct mr_pair){MR_BYTES("timestamp"), mr_bytes_of(reply->timestamp)};
    case MR_REPLY_CORRELATION_ID:
        return (struct mr_pair){dialect->correlation_id, request->correlation_id};
    case MR_REPLY_NEST_IS_DISPOSED:
        return (struct mr_pair){MR_BYTES("kafka_nest-is-disposed"), MR_BYTES("\0")};
    case MR_REPLY_ERROR:
        return (struct mr_pair){dialect->error_header, text_of(reply)};
    case MR_REPLY_END:
        break;
    }
    MR_UNREACHABLE("a header of a reply");
}

static void add_header(struct mr_reply *reply, struct mr_pair header)
{
    reply->headers[reply->record.header_count++] = header;
}

static void put_headers(struct mr_reply *reply, const struct mr_request *request,
                        const struct mr_answer *answer)
{
    size_t most = MR_REPLY_OWN_HEADERS + answer->header_count;
    if (most > reply->header_capacity) {
        reply->headers = mr_realloc(reply->headers, most * sizeof(reply->headers[0]));
        reply->header_capacity = most;
    }
    for (const enum mr_reply_header *own = mr_dialect_rows[request->dialect].headers;
         *own != MR_REPLY_END; own++)
        if (*own != MR_REPLY_ERROR || answer->is_error)
            add_header(reply, own_header(reply, *own, request, answer->is_error));
    if (answer->is_error) {
        mr_decimal(reply->status, answer->status);
        add_header(reply, (struct mr_pair){MR_BYTES("status-code"), mr_bytes_of(reply->status)});
    }
    reply->record.header_count = mr_headers_append(reply->headers, reply->record.header_count,
                                                   answer->headers, answer->header_count);
    reply->record.headers = reply->headers;
}

static void set_topic(struct mr_reply *reply, struct mr_bytes name)
{
    size_t length = name.length < sizeof(reply->topic) ? name.length : sizeof(reply->topic) - 1;
    memcpy(reply->topic, name.data, length);
    reply->topic[length] = '\0';
}

void mr_compose(struct mr_reply *reply, const struct mr_request *request, struct mr_bytes key,
                const struct mr_answer *answer, int64_t now)
{
    const struct mr_dialect_row *dialect = &mr_dialect_rows[request->dialect];
    mr_decimal(reply->timestamp, now);
    set_topic(reply, request->reply_to);
    reply->record =
        (struct mr_outgoing){.topic = reply->topic, .partition = request->reply_partition};
    reply->record.value = put_value(reply, dialect, answer);
    reply->record.key = put_key(reply, dialect->key, key);
    put_headers(reply, request, answer);
}

void mr_reply_free(struct mr_reply *reply)
{
    mr_buf_free(&reply->value);
    free(reply->headers);
    *reply = (struct mr_reply){0};
}
