/* The headers of a message, from whoever sent it, and the reply that is made of them. */
#include "fuzz.h"

#include <strings.h>

#include "base/utf8.h"
#include "worker/wire/headers.h"
#include "worker/wire/reply.h"
#include "worker/wire/request.h"

enum { MOST = 24 };

static const char *const names[] = {
    "correlation-id",      "reply-to",         "message-type",        "timestamp", "timeout",
    "KAFKA_correlationId", "kafka_replyTopic", "kafka_replyPartition"};

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
    bool kafka = request->dialect == MR_DIALECT_NESTJS || request->dialect == MR_DIALECT_SPRING;
    const char *id_name = kafka ? "kafka_correlationId" : "correlation-id";
    struct mr_bytes id;
    PROMISED(strlen(reply->record.topic) < sizeof(reply->topic));
    PROMISED(reply->record.partition == request->reply_partition);
    PROMISED(reply->record.header_count <= MR_REPLY_OWN_HEADERS + answer->header_count);
    PROMISED(count_of(reply, id_name) == 1);
    PROMISED(kafka || count_of(reply, "message-type") == 1);
    PROMISED(kafka || count_of(reply, "timestamp") == 1);
    PROMISED(!answer->is_error || count_of(reply, "status-code") == 1);
    PROMISED(mr_header_find(reply->record.headers, reply->record.header_count, mr_bytes_of(id_name),
                            &id));
    PROMISED(mr_bytes_equal(id, request->correlation_id));
    PROMISED(!answer->is_error || reply->record.value.data == NULL ||
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
        mr_compose(&reply, request, key, &answer, INT64_MIN + how);
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
    for (enum mr_dialect dialect = MR_DIALECT_KAFKA_CLIENT; dialect < MR_DIALECTS; dialect++) {
        struct mr_ask_headers ask;
        const struct mr_ask_terms terms = {.dialect = dialect,
                                           .correlation_id = correlation_id,
                                           .reply_to = "answers",
                                           .reply_partition = 7,
                                           .now = 1,
                                           .timeout = 1};
        mr_ask_compose(&ask, &terms);
        struct mr_request request = mr_dialect_recognise(MR_DIALECT_AUTO, ask.pairs, ask.count);
        PROMISED(request.is_request && request.dialect == dialect);
        PROMISED(mr_bytes_equal(request.correlation_id, correlation_id));
    }
}

/* A reply of whatever headers can be read in each dialect. */
static void hear(const struct headers *headers)
{
    for (enum mr_dialect dialect = MR_DIALECT_KAFKA_CLIENT; dialect < MR_DIALECTS; dialect++) {
        struct mr_heard heard =
            mr_ask_heard(dialect, MR_BYTES("value"), headers->pairs, headers->count);
        PROMISED(heard.value.data != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = {(const char *)data, (const char *)data + size};
    struct headers headers = {0};
    enum mr_dialect forced = (enum mr_dialect)(next_byte(&cursor) % MR_DIALECTS);
    take_headers(&headers, &cursor);
    hear(&headers);
    struct mr_request request = mr_dialect_recognise(forced, headers.pairs, headers.count);
    if (request.is_request) {
        PROMISED(request.dialect != MR_DIALECT_AUTO);
        PROMISED(forced == MR_DIALECT_AUTO || request.dialect == forced);
        PROMISED(request.correlation_id.data != NULL && request.reply_to.length > 0);
        PROMISED(request.reply_partition >= MR_PARTITION_ANY);
        PROMISED(!request.bad_reply_partition || request.reply_partition == MR_PARTITION_ANY);
        PROMISED(request.sent_at >= 0 && request.timeout >= -1);
        answer(&request, &cursor);
        ask_and_recognise(request.correlation_id);
    } else {
        PROMISED(request.dialect == MR_DIALECT_AUTO && request.reply_to.data == NULL);
    }
    free_headers(&headers);
    return 0;
}
