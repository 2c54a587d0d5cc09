/* The headers of a message, from whoever sent it, and the reply that is made of them. */
#include "fuzz.h"

#include <strings.h>

#include "base/utf8.h"
#include "worker/dialect.h"

enum { MOST = 24 };

static const char *const names[] = {"correlation-id", "reply-to", "message-type", "timestamp",
                                    "timeout",        "X-Trace",  "Reply-To",     "CORRELATION-ID"};

struct headers {
    struct mr_pair pairs[MOST];
    struct mr_bytes own[2 * MOST];
    size_t count, own_count;
};

static struct mr_bytes keep(struct headers *headers, struct mr_bytes bytes)
{
    return headers->own[headers->own_count++] = bytes;
}

/* A byte tells: how the name comes, and whether the value is null. */
static void take_headers(struct headers *headers, struct cursor *cursor)
{
    size_t count = next_byte(cursor) % (MOST + 1);
    for (size_t i = 0; i < count; i++) {
        uint8_t how = next_byte(cursor);
        struct mr_pair *pair = &headers->pairs[headers->count++];
        pair->name = how & 0x10 ? keep(headers, next_bytes(cursor)) : mr_bytes_of(names[how & 7]);
        pair->value = how & 0x20 ? MR_BYTES_NONE : keep(headers, next_bytes(cursor));
    }
}

static void free_headers(struct headers *headers)
{
    for (size_t i = 0; i < headers->own_count; i++)
        free_bytes(headers->own[i]);
}

static size_t count_of(const struct mr_reply *reply, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < reply->record.header_count; i++) {
        struct mr_bytes found = reply->record.headers[i].name;
        count += found.length == strlen(name) && strncasecmp(found.data, name, found.length) == 0;
    }
    return count;
}

static void check_reply(const struct mr_reply *reply, const struct mr_request *request,
                        const struct mr_answer *answer)
{
    struct mr_bytes id;
    PROMISED(strlen(reply->record.topic) < sizeof(reply->topic));
    PROMISED(reply->record.header_count <= MR_REPLY_OWN_HEADERS + answer->header_count);
    PROMISED(count_of(reply, "correlation-id") == 1);
    PROMISED(count_of(reply, "message-type") == 1);
    PROMISED(count_of(reply, "timestamp") == 1);
    PROMISED(!answer->is_error || count_of(reply, "status-code") == 1);
    PROMISED(mr_header_find(reply->record.headers, reply->record.header_count,
                            MR_BYTES("correlation-id"), &id));
    PROMISED(mr_bytes_equal(id, request->correlation_id));
    PROMISED(!answer->is_error ||
             mr_utf8_valid(reply->record.value.data, reply->record.value.length));
}

/* Two replies, the second over the first. */
static void answer(const struct mr_request *request, struct cursor *cursor)
{
    struct mr_reply reply = {0};
    for (int round = 0; round < 2; round++) {
        struct headers extra = {0};
        uint8_t how = next_byte(cursor);
        struct mr_bytes key = next_bytes(cursor), value = next_bytes(cursor),
                        name = next_bytes(cursor);
        take_headers(&extra, cursor);
        const struct mr_answer answer = {
            .is_error = how & 1,
            .raw = how & 2,
            .value = how & 4 ? MR_BYTES_NONE : value,
            .status = 400 + how % 200,
            .message = value,
            .name = name,
            .headers = extra.pairs,
            .header_count = extra.count,
        };
        mr_dialect_compose(&reply, request, key, &answer, INT64_MIN + how);
        check_reply(&reply, request, &answer);
        free_headers(&extra);
        free_bytes(key);
        free_bytes(value);
        free_bytes(name);
    }
    mr_reply_free(&reply);
}

static void ask_and_recognise(struct mr_bytes correlation_id)
{
    struct mr_ask_headers ask;
    mr_dialect_ask(&ask, correlation_id, "answers", 1, 1);
    struct mr_request request = mr_dialect_recognise(MR_DIALECT_AUTO, ask.pairs, MR_ASK_HEADERS);
    PROMISED(request.is_request && request.dialect == MR_DIALECT_KAFKA_CLIENT);
    PROMISED(mr_bytes_equal(request.correlation_id, correlation_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = {(const char *)data, (const char *)data + size};
    struct headers headers = {0};
    enum mr_dialect forced = (enum mr_dialect)(next_byte(&cursor) % (MR_DIALECT_PLAIN + 1));
    take_headers(&headers, &cursor);
    struct mr_request request = mr_dialect_recognise(forced, headers.pairs, headers.count);
    if (request.is_request) {
        PROMISED(request.dialect != MR_DIALECT_AUTO);
        PROMISED(forced == MR_DIALECT_AUTO || request.dialect == forced);
        PROMISED(request.correlation_id.data != NULL && request.reply_to.length > 0);
        PROMISED(request.sent_at >= 0 && request.timeout >= 0);
        answer(&request, &cursor);
        ask_and_recognise(request.correlation_id);
    } else {
        PROMISED(request.dialect == MR_DIALECT_AUTO && request.reply_to.data == NULL);
    }
    free_headers(&headers);
    return 0;
}
