#include "worker/dialect.h"

#include <stdlib.h>
#include <strings.h>

#include "base/panic.h"
#include "base/uuid.h"

enum own_header { OWN_END, OWN_MESSAGE_ID, OWN_MESSAGE_TYPE, OWN_TIMESTAMP, OWN_CORRELATION_ID };

static const struct {
    const char *name;
    const char *success_type, *error_type; /* message-type of a reply */
    bool enveloped; /* {"success":...} around the value; message-id as the key */
    enum own_header headers[MR_REPLY_OWN_HEADERS]; /* of a reply, in this order */
} dialects[] = {
    [MR_DIALECT_AUTO] = {"", "", "", false, {OWN_END}},
    [MR_DIALECT_KAFKA_CLIENT] = {"kafka-client",
                                 "request-reply",
                                 "request-reply",
                                 true,
                                 {OWN_MESSAGE_ID, OWN_MESSAGE_TYPE, OWN_TIMESTAMP,
                                  OWN_CORRELATION_ID, OWN_END}},
    [MR_DIALECT_PLAIN] = {"plain",
                          "response",
                          "error",
                          false,
                          {OWN_CORRELATION_ID, OWN_MESSAGE_TYPE, OWN_TIMESTAMP, OWN_END}},
};

enum mr_dialect mr_dialect_of(const char *name)
{
    for (size_t i = 1; i < sizeof(dialects) / sizeof(dialects[0]); i++)
        if (strcmp(dialects[i].name, name) == 0)
            return (enum mr_dialect)i;
    return MR_DIALECT_AUTO;
}

static bool is_named(const struct mr_pair *header, struct mr_bytes name)
{
    return header->name.length == name.length &&
           strncasecmp(header->name.data, name.data, name.length) == 0;
}

bool mr_header_find(const struct mr_pair *headers, size_t count, struct mr_bytes name,
                    struct mr_bytes *value)
{
    for (size_t i = count; i-- > 0;) {
        if (!is_named(&headers[i], name))
            continue;
        if (headers[i].value.data != NULL)
            *value = headers[i].value;
        return headers[i].value.data != NULL;
    }
    return false;
}

static bool has(const struct mr_pair *headers, size_t count, struct mr_bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (is_named(&headers[i], name))
            return true;
    return false;
}

size_t mr_headers_append(struct mr_pair *headers, size_t own, const struct mr_pair *extra,
                         size_t count)
{
    size_t total = own;
    for (size_t i = 0; i < count; i++)
        if (!has(headers, own, extra[i].name))
            headers[total++] = extra[i];
    return total;
}

/* A decimal number of milliseconds; 0 where the header is missing or is none. */
static int64_t milliseconds(const struct mr_pair *headers, size_t count, struct mr_bytes name)
{
    struct mr_bytes text;
    int64_t value = 0;
    if (!mr_header_find(headers, count, name, &text) || text.length == 0 || text.length > 15)
        return 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

struct mr_request mr_dialect_recognise(enum mr_dialect forced, const struct mr_pair *headers,
                                       size_t count)
{
    struct mr_request request = {0};
    struct mr_bytes type = MR_BYTES_NONE;
    if (!mr_header_find(headers, count, MR_BYTES("correlation-id"), &request.correlation_id) ||
        !mr_header_find(headers, count, MR_BYTES("reply-to"), &request.reply_to) ||
        request.reply_to.length == 0)
        return (struct mr_request){0};
    mr_header_find(headers, count, MR_BYTES("message-type"), &type);
    if (mr_bytes_equal(type, MR_BYTES("fire-and-forget")))
        return (struct mr_request){0};
    request.is_request = true;
    request.dialect = forced != MR_DIALECT_AUTO                         ? forced
                      : mr_bytes_equal(type, MR_BYTES("request-reply")) ? MR_DIALECT_KAFKA_CLIENT
                                                                        : MR_DIALECT_PLAIN;
    request.sent_at = milliseconds(headers, count, MR_BYTES("timestamp"));
    request.timeout = milliseconds(headers, count, MR_BYTES("timeout"));
    return request;
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

static void put_success(struct mr_buf *value, const struct mr_answer *answer, bool enveloped,
                        const char *timestamp)
{
    struct mr_bytes data = answer->value.data == NULL ? MR_BYTES("null") : answer->value;
    if (enveloped)
        mr_buf_string(value, "{\"success\":true,\"data\":");
    mr_buf_append(value, data.data, data.length);
    if (enveloped) {
        mr_buf_string(value, ",\"timestamp\":");
        mr_buf_string(value, timestamp);
        mr_buf_string(value, "}");
    }
}

static void add_header(struct mr_reply *reply, struct mr_bytes name, struct mr_bytes value)
{
    reply->headers[reply->record.header_count++] = (struct mr_pair){name, value};
}

static void add_own_header(struct mr_reply *reply, enum own_header own,
                           const struct mr_request *request, bool is_error)
{
    switch (own) {
    case OWN_MESSAGE_ID:
        add_header(reply, MR_BYTES("message-id"), mr_bytes_of(reply->message_id));
        return;
    case OWN_MESSAGE_TYPE:
        add_header(reply, MR_BYTES("message-type"),
                   mr_bytes_of(is_error ? dialects[request->dialect].error_type
                                        : dialects[request->dialect].success_type));
        return;
    case OWN_TIMESTAMP:
        add_header(reply, MR_BYTES("timestamp"), mr_bytes_of(reply->timestamp));
        return;
    case OWN_CORRELATION_ID:
        add_header(reply, MR_BYTES("correlation-id"), request->correlation_id);
        return;
    case OWN_END:
        break;
    }
    MR_UNREACHABLE("a header of a reply");
}

static void put_headers(struct mr_reply *reply, const struct mr_request *request,
                        const struct mr_answer *answer)
{
    size_t most = MR_REPLY_OWN_HEADERS + answer->header_count;
    if (most > reply->header_capacity) {
        reply->headers = mr_realloc(reply->headers, most * sizeof(reply->headers[0]));
        reply->header_capacity = most;
    }
    for (const enum own_header *own = dialects[request->dialect].headers; *own != OWN_END; own++)
        add_own_header(reply, *own, request, answer->is_error);
    if (answer->is_error)
        add_header(reply, MR_BYTES("status-code"), mr_bytes_of(reply->status));
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

void mr_dialect_compose(struct mr_reply *reply, const struct mr_request *request,
                        struct mr_bytes key, const struct mr_answer *answer, int64_t now)
{
    bool enveloped = dialects[request->dialect].enveloped;
    mr_decimal(reply->timestamp, now);
    mr_decimal(reply->status, answer->status);
    set_topic(reply, request->reply_to);
    mr_buf_clear(&reply->value);
    if (answer->is_error)
        put_error(&reply->value, answer, enveloped, reply->timestamp);
    else
        put_success(&reply->value, answer, enveloped && !answer->raw, reply->timestamp);
    reply->record = (struct mr_outgoing){.topic = reply->topic, .partition = MR_PARTITION_ANY};
    reply->record.key = key;
    if (enveloped) {
        mr_uuid_text(reply->message_id);
        reply->record.key = mr_bytes_of(reply->message_id);
    }
    reply->record.value = (struct mr_bytes){mr_buf_text(&reply->value), reply->value.length};
    put_headers(reply, request, answer);
}

void mr_reply_free(struct mr_reply *reply)
{
    mr_buf_free(&reply->value);
    free(reply->headers);
    *reply = (struct mr_reply){0};
}

void mr_dialect_ask(struct mr_ask_headers *headers, struct mr_bytes correlation_id,
                    const char *reply_to, int64_t now, int64_t timeout)
{
    mr_decimal(headers->timestamp, now);
    mr_decimal(headers->timeout, timeout);
    const struct mr_pair pairs[MR_ASK_HEADERS] = {
        {MR_BYTES("correlation-id"), correlation_id},
        {MR_BYTES("reply-to"), mr_bytes_of(reply_to)},
        {MR_BYTES("message-type"), MR_BYTES("request-reply")},
        {MR_BYTES("timestamp"), mr_bytes_of(headers->timestamp)},
        {MR_BYTES("timeout"), mr_bytes_of(headers->timeout)},
    };
    for (size_t i = 0; i < MR_ASK_HEADERS; i++)
        headers->pairs[i] = pairs[i];
}
