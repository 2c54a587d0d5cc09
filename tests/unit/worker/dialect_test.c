#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/dialect.h"

enum { MOST = 8 };

#define NULL_VALUE MR_BYTES_NONE
#define HEADER(name, value)                                                                        \
    {                                                                                              \
        MR_BYTES(name), MR_BYTES(value)                                                            \
    }
#define CORRELATION HEADER("correlation-id", "c-1")
#define REPLY_TO    HEADER("reply-to", "answers")
#define ASKED       HEADER("message-type", "request-reply")

static size_t count_of(const struct mr_pair *headers)
{
    size_t count = 0;
    while (count < MOST && headers[count].name.data != NULL)
        count++;
    return count;
}

/* A copy in which every name and value lies alone in memory, so that a sanitizer sees what is read
 * beyond. */
static struct mr_pair *apart(const struct mr_pair *headers, size_t count)
{
    struct mr_pair *copy = calloc(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        const struct mr_bytes from[] = {headers[i].name, headers[i].value};
        struct mr_bytes *const to[] = {&copy[i].name, &copy[i].value};
        for (size_t part = 0; part < 2; part++) {
            if (from[part].data == NULL)
                continue;
            char *bytes = malloc(from[part].length ? from[part].length : 1);
            memcpy(bytes, from[part].data, from[part].length);
            *to[part] = (struct mr_bytes){bytes, from[part].length};
        }
    }
    return copy;
}

static void free_apart(struct mr_pair *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        union {
            const char *from;
            void *to;
        } name = {headers[i].name.data}, value = {headers[i].value.data};
        free(name.to);
        free(value.to);
    }
    free(headers);
}

static void requests_and_events_are_told_apart_by_their_headers(void **state)
{
    static const struct {
        const char *what;
        enum mr_dialect forced;
        struct mr_pair headers[MOST];
        enum mr_dialect dialect; /* AUTO: an event */
        struct mr_bytes correlation_id, reply_to;
    } rows[] = {
        {"no headers", MR_DIALECT_AUTO, {{{0}, {0}}}, MR_DIALECT_AUTO, {0}, {0}},
        {"kafka-client",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, ASKED},
         MR_DIALECT_KAFKA_CLIENT,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"plain",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"another message-type",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, HEADER("message-type", "command")},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"an empty message-type",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, HEADER("message-type", "")},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"a null message-type",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, {MR_BYTES("message-type"), NULL_VALUE}},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"values are matched exactly",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, HEADER("message-type", "Request-Reply")},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"a longer message-type",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, HEADER("message-type", "request-reply\0")},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"fire-and-forget",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, HEADER("message-type", "fire-and-forget")},
         MR_DIALECT_AUTO,
         {0},
         {0}},
        {"fire-and-forget where a dialect is forced",
         MR_DIALECT_PLAIN,
         {CORRELATION, REPLY_TO, HEADER("message-type", "fire-and-forget")},
         MR_DIALECT_AUTO,
         {0},
         {0}},
        {"no reply-to", MR_DIALECT_AUTO, {CORRELATION, ASKED}, MR_DIALECT_AUTO, {0}, {0}},
        {"an empty reply-to",
         MR_DIALECT_AUTO,
         {CORRELATION, HEADER("reply-to", ""), ASKED},
         MR_DIALECT_AUTO,
         {0},
         {0}},
        {"a null reply-to",
         MR_DIALECT_AUTO,
         {CORRELATION, {MR_BYTES("reply-to"), NULL_VALUE}, ASKED},
         MR_DIALECT_AUTO,
         {0},
         {0}},
        {"no correlation id", MR_DIALECT_AUTO, {REPLY_TO, ASKED}, MR_DIALECT_AUTO, {0}, {0}},
        {"a null correlation id",
         MR_DIALECT_AUTO,
         {{MR_BYTES("correlation-id"), NULL_VALUE}, REPLY_TO, ASKED},
         MR_DIALECT_AUTO,
         {0},
         {0}},
        {"only a message-type", MR_DIALECT_AUTO, {ASKED}, MR_DIALECT_AUTO, {0}, {0}},
        {"names of any case",
         MR_DIALECT_AUTO,
         {HEADER("Correlation-ID", "c-1"), HEADER("REPLY-TO", "answers"),
          HEADER("Message-Type", "request-reply")},
         MR_DIALECT_KAFKA_CLIENT,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"names that only begin alike",
         MR_DIALECT_AUTO,
         {HEADER("correlation-id2", "c-1"), HEADER("reply-t", "answers")},
         MR_DIALECT_AUTO,
         {0},
         {0}},
        {"repeated names: the last value",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, ASKED, HEADER("REPLY-to", "others"),
          HEADER("correlation-id", "c-2"), HEADER("message-type", "x")},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-2"),
         MR_BYTES("others")},
        {"a value repeated as null is none",
         MR_DIALECT_AUTO,
         {CORRELATION, REPLY_TO, {MR_BYTES("Reply-To"), NULL_VALUE}},
         MR_DIALECT_AUTO,
         {0},
         {0}},
        {"a null repeated as a value is the value",
         MR_DIALECT_AUTO,
         {CORRELATION, {MR_BYTES("reply-to"), NULL_VALUE}, REPLY_TO},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"correlation ids are bytes",
         MR_DIALECT_AUTO,
         {HEADER("correlation-id", "\0\xff\0id\n"), REPLY_TO, ASKED},
         MR_DIALECT_KAFKA_CLIENT,
         MR_BYTES("\0\xff\0id\n"),
         MR_BYTES("answers")},
        {"others among them",
         MR_DIALECT_AUTO,
         {HEADER("a", "b"),
          CORRELATION,
          {MR_BYTES("n"), NULL_VALUE},
          REPLY_TO,
          HEADER("", "empty")},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"forced to plain",
         MR_DIALECT_PLAIN,
         {CORRELATION, REPLY_TO, ASKED},
         MR_DIALECT_PLAIN,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"forced to kafka-client",
         MR_DIALECT_KAFKA_CLIENT,
         {CORRELATION, REPLY_TO},
         MR_DIALECT_KAFKA_CLIENT,
         MR_BYTES("c-1"),
         MR_BYTES("answers")},
        {"forced, and an event",
         MR_DIALECT_KAFKA_CLIENT,
         {HEADER("a", "b")},
         MR_DIALECT_AUTO,
         {0},
         {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t count = count_of(rows[i].headers);
        struct mr_pair *headers = apart(rows[i].headers, count);
        struct mr_request request = mr_dialect_recognise(rows[i].forced, headers, count);
        if (request.is_request != (rows[i].dialect != MR_DIALECT_AUTO) ||
            request.dialect != rows[i].dialect ||
            !mr_bytes_equal(request.correlation_id, rows[i].correlation_id) ||
            !mr_bytes_equal(request.reply_to, rows[i].reply_to))
            fail_msg("%s: request %d, dialect %d, correlation id of %zu bytes, reply to '%.*s'",
                     rows[i].what, request.is_request, request.dialect,
                     request.correlation_id.length, (int)request.reply_to.length,
                     request.reply_to.data);
        free_apart(headers, count);
    }
}

static void times_are_read_where_they_are_decimal_milliseconds(void **state)
{
    static const struct {
        struct mr_bytes text;
        int64_t value;
    } rows[] = {
        {MR_BYTES("1700000000123"), 1700000000123},
        {MR_BYTES("0"), 0},
        {MR_BYTES("007"), 7},
        {MR_BYTES("999999999999999"), 999999999999999},
        {MR_BYTES("1000000000000000"), 0}, /* no time that comes */
        {MR_BYTES("99999999999999999999"), 0},
        {MR_BYTES(""), 0},
        {MR_BYTES_NONE, 0},
        {MR_BYTES("-5"), 0},
        {MR_BYTES("+5"), 0},
        {MR_BYTES(" 5"), 0},
        {MR_BYTES("5.0"), 0},
        {MR_BYTES("5ms"), 0},
        {MR_BYTES("5\0"), 0},
        {MR_BYTES("\0\0\0\x05"), 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct mr_pair with[] = {
            CORRELATION, REPLY_TO, {MR_BYTES("Timestamp"), rows[i].text}, HEADER("timeout", "250")};
        const struct mr_pair other[] = {CORRELATION, REPLY_TO, {MR_BYTES("TIMEOUT"), rows[i].text}};
        struct mr_pair *headers = apart(with, 4), *others = apart(other, 3);
        struct mr_request request = mr_dialect_recognise(MR_DIALECT_AUTO, headers, 4);
        assert_true(request.sent_at == rows[i].value);
        assert_true(request.timeout == 250);
        request = mr_dialect_recognise(MR_DIALECT_AUTO, others, 3);
        assert_true(request.sent_at == 0);
        assert_true(request.timeout == rows[i].value);
        free_apart(headers, 4);
        free_apart(others, 3);
    }
}

static void dialects_are_known_by_their_names(void **state)
{
    (void)state;
    assert_int_equal(mr_dialect_of("kafka-client"), MR_DIALECT_KAFKA_CLIENT);
    assert_int_equal(mr_dialect_of("plain"), MR_DIALECT_PLAIN);
    assert_int_equal(mr_dialect_of("auto"), MR_DIALECT_AUTO);
    assert_int_equal(mr_dialect_of(""), MR_DIALECT_AUTO);
}

static void a_header_is_found_by_its_name_and_its_last_value(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {HEADER("Trace", "1"),
                                             HEADER("trace", "2"),
                                             HEADER("gone", "3"),
                                             {MR_BYTES("gone"), NULL_VALUE},
                                             HEADER("empty", "")};
    struct mr_bytes value = MR_BYTES("as before");
    assert_true(mr_header_find(headers, 5, MR_BYTES("TRACE"), &value));
    assert_true(mr_bytes_equal(value, MR_BYTES("2")));
    assert_true(mr_header_find(headers, 5, MR_BYTES("empty"), &value));
    assert_int_equal(value.length, 0);
    assert_non_null(value.data);
    value = MR_BYTES("as before");
    assert_false(mr_header_find(headers, 5, MR_BYTES("gone"), &value));
    assert_false(mr_header_find(headers, 5, MR_BYTES("tracer"), &value));
    assert_false(mr_header_find(headers, 5, MR_BYTES("trac"), &value));
    assert_false(mr_header_find(headers, 0, MR_BYTES("trace"), &value));
    assert_true(mr_bytes_equal(value, MR_BYTES("as before")));
}

/* --- replies --- */

static struct mr_reply reply;
static char key_text[64];

static int free_reply(void **state)
{
    (void)state;
    mr_reply_free(&reply);
    return 0;
}

static const struct mr_request asked_by_kafka_client = {
    .is_request = true,
    .dialect = MR_DIALECT_KAFKA_CLIENT,
    .correlation_id = {"c\0\xff", 3},
    .reply_to = {"answers-and-more", 7},
};
static const struct mr_request asked_plainly = {
    .is_request = true,
    .dialect = MR_DIALECT_PLAIN,
    .correlation_id = {"c\0\xff", 3},
    .reply_to = {"answers-and-more", 7},
};

static void compose(const struct mr_request *request, struct mr_answer answer)
{
    mr_dialect_compose(&reply, request, MR_BYTES("the\0key"), &answer, 1700000000123);
    assert_string_equal(reply.record.topic, "answers");
    assert_int_equal(reply.record.partition, MR_PARTITION_ANY);
    assert_true(reply.record.timestamp == 0);
}

static void assert_bytes(struct mr_bytes bytes, struct mr_bytes expected)
{
    if ((bytes.data == NULL) != (expected.data == NULL) || !mr_bytes_equal(bytes, expected))
        fail_msg("'%.*s', not '%.*s'", (int)bytes.length, bytes.data, (int)expected.length,
                 expected.data);
}

static void assert_headers(const struct mr_pair *expected, size_t count)
{
    assert_int_equal(reply.record.header_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_bytes(reply.record.headers[i].name, expected[i].name);
        assert_bytes(reply.record.headers[i].value, expected[i].value);
    }
}

/* The key is a UUID of version 4; returned as a text that the next reply does not change. */
static struct mr_bytes uuid_key(void)
{
    struct mr_bytes key = reply.record.key;
    assert_int_equal(key.length, 36);
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        assert_true(dash ? key.data[i] == '-' : strchr("0123456789abcdef", key.data[i]) != NULL);
    }
    assert_int_equal(key.data[14], '4');
    memcpy(key_text, key.data, 36);
    return (struct mr_bytes){key_text, 36};
}

static void a_success_in_kafka_client_is_an_envelope(void **state)
{
    (void)state;
    compose(&asked_by_kafka_client, (struct mr_answer){.value = MR_BYTES("{\"balance\":42}")});
    const struct mr_pair headers[] = {
        {MR_BYTES("message-id"), uuid_key()},
        HEADER("message-type", "request-reply"),
        HEADER("timestamp", "1700000000123"),
        HEADER("correlation-id", "c\0\xff"),
    };
    assert_headers(headers, 4);
    assert_bytes(
        reply.record.value,
        MR_BYTES("{\"success\":true,\"data\":{\"balance\":42},\"timestamp\":1700000000123}"));
}

static void every_reply_in_kafka_client_has_a_key_of_its_own(void **state)
{
    (void)state;
    char first[36];
    compose(&asked_by_kafka_client, (struct mr_answer){.value = MR_BYTES("1")});
    memcpy(first, uuid_key().data, 36);
    compose(&asked_by_kafka_client, (struct mr_answer){.value = MR_BYTES("1")});
    assert_memory_not_equal(first, uuid_key().data, 36);
}

static void null_in_kafka_client_is_data_null(void **state)
{
    (void)state;
    compose(&asked_by_kafka_client, (struct mr_answer){.value = MR_BYTES_NONE});
    assert_bytes(reply.record.value,
                 MR_BYTES("{\"success\":true,\"data\":null,\"timestamp\":1700000000123}"));
}

static void an_error_in_kafka_client_is_an_envelope_too(void **state)
{
    (void)state;
    compose(&asked_by_kafka_client, (struct mr_answer){.is_error = true,
                                                       .status = 400,
                                                       .message = MR_BYTES("not \"so\"\n"),
                                                       .name = MR_BYTES("ValidationError")});
    const struct mr_pair headers[] = {
        {MR_BYTES("message-id"), uuid_key()}, HEADER("message-type", "request-reply"),
        HEADER("timestamp", "1700000000123"), HEADER("correlation-id", "c\0\xff"),
        HEADER("status-code", "400"),
    };
    assert_headers(headers, 5);
    assert_bytes(reply.record.value,
                 MR_BYTES("{\"success\":false,\"statusCode\":400,\"error\":\"ValidationError\","
                          "\"message\":\"not \\\"so\\\"\\n\",\"timestamp\":1700000000123}"));
}

static void a_success_in_plain_is_the_value_under_the_key_of_the_request(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {
        HEADER("correlation-id", "c\0\xff"),
        HEADER("message-type", "response"),
        HEADER("timestamp", "1700000000123"),
    };
    compose(&asked_plainly, (struct mr_answer){.value = MR_BYTES("[1,2]")});
    assert_bytes(reply.record.key, MR_BYTES("the\0key"));
    assert_headers(headers, 3);
    assert_bytes(reply.record.value, MR_BYTES("[1,2]"));
}

static void a_request_without_a_key_is_answered_without_one(void **state)
{
    (void)state;
    const struct mr_answer answer = {.value = MR_BYTES("1")};
    mr_dialect_compose(&reply, &asked_plainly, MR_BYTES_NONE, &answer, 1);
    assert_null(reply.record.key.data);
    assert_int_equal(reply.record.key.length, 0);
}

static void null_in_plain_is_the_value_null(void **state)
{
    (void)state;
    compose(&asked_plainly, (struct mr_answer){.value = MR_BYTES_NONE});
    assert_bytes(reply.record.value, MR_BYTES("null"));
    compose(&asked_plainly, (struct mr_answer){.value = MR_BYTES_NONE, .raw = true});
    assert_bytes(reply.record.value, MR_BYTES("null"));
}

static void an_error_in_plain_says_so_in_its_message_type(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {
        HEADER("correlation-id", "c\0\xff"),
        HEADER("message-type", "error"),
        HEADER("timestamp", "1700000000123"),
        HEADER("status-code", "503"),
    };
    compose(&asked_plainly, (struct mr_answer){.is_error = true,
                                               .status = 503,
                                               .message = MR_BYTES("later"),
                                               .name = MR_BYTES("Unavailable")});
    assert_bytes(reply.record.key, MR_BYTES("the\0key"));
    assert_headers(headers, 4);
    assert_bytes(reply.record.value,
                 MR_BYTES("{\"statusCode\":503,\"message\":\"later\",\"error\":\"Unavailable\"}"));
}

static void a_raw_value_goes_as_it_is_in_either_dialect(void **state)
{
    (void)state;
    const struct mr_answer answer = {.value = MR_BYTES("\0raw\xff"), .raw = true};
    compose(&asked_by_kafka_client, answer);
    assert_bytes(reply.record.value, MR_BYTES("\0raw\xff"));
    assert_int_equal(reply.record.header_count, 4);
    uuid_key();
    compose(&asked_plainly, answer);
    assert_bytes(reply.record.value, MR_BYTES("\0raw\xff"));
    compose(&asked_plainly, (struct mr_answer){.value = MR_BYTES(""), .raw = true});
    assert_bytes(reply.record.value, MR_BYTES(""));
}

static void an_error_of_any_bytes_is_valid_json(void **state)
{
    (void)state;
    compose(&asked_plainly, (struct mr_answer){.is_error = true,
                                               .status = 500,
                                               .message = MR_BYTES("\0\xff\x1b"),
                                               .name = MR_BYTES_NONE});
    assert_bytes(
        reply.record.value,
        MR_BYTES("{\"statusCode\":500,\"message\":\"\\u0000\xef\xbf\xbd\\u001b\",\"error\":\"\"}"));
}

static void headers_of_the_handler_come_last(void **state)
{
    (void)state;
    static const struct mr_pair own[] = {
        HEADER("trace", "t-1"), {MR_BYTES("null"), NULL_VALUE}, HEADER("trace", "t-2")};
    static const struct mr_pair headers[] = {
        HEADER("correlation-id", "c\0\xff"),  HEADER("message-type", "response"),
        HEADER("timestamp", "1700000000123"), HEADER("trace", "t-1"),
        {MR_BYTES("null"), NULL_VALUE},       HEADER("trace", "t-2"),
    };
    compose(&asked_plainly,
            (struct mr_answer){.value = MR_BYTES("1"), .headers = own, .header_count = 3});
    assert_headers(headers, 6);
}

static void headers_of_the_handler_replace_none_of_the_dialect(void **state)
{
    (void)state;
    static const struct mr_pair own[] = {HEADER("Correlation-Id", "mine"), HEADER("a", "b"),
                                         HEADER("TIMESTAMP", "0"), HEADER("message-type", "x")};
    static const struct mr_pair headers[] = {
        HEADER("correlation-id", "c\0\xff"),
        HEADER("message-type", "response"),
        HEADER("timestamp", "1700000000123"),
        HEADER("a", "b"),
    };
    compose(&asked_plainly,
            (struct mr_answer){.value = MR_BYTES("1"), .headers = own, .header_count = 4});
    assert_headers(headers, 4);
}

static void a_reply_is_composed_anew_over_one_before(void **state)
{
    (void)state;
    struct mr_pair many[300];
    for (size_t i = 0; i < 300; i++)
        many[i] = (struct mr_pair)HEADER("x-many", "1");
    compose(&asked_by_kafka_client, (struct mr_answer){.value = MR_BYTES("\"a long value\""),
                                                       .headers = many,
                                                       .header_count = 300});
    assert_int_equal(reply.record.header_count, 304);
    compose(&asked_plainly, (struct mr_answer){.value = MR_BYTES("2")});
    assert_bytes(reply.record.value, MR_BYTES("2"));
    assert_int_equal(reply.record.header_count, 3);
    assert_bytes(reply.record.key, MR_BYTES("the\0key"));
}

/* --- requests of ours --- */

static void a_request_of_ours_says_what_it_wants_in_five_headers(void **state)
{
    (void)state;
    static const struct mr_pair expected[] = {
        HEADER("correlation-id", "c\0\xff"), HEADER("reply-to", "x-responses"), ASKED,
        HEADER("timestamp", "1700000000123"), HEADER("timeout", "30000")};
    struct mr_ask_headers headers;
    mr_dialect_ask(&headers, MR_BYTES("c\0\xff"), "x-responses", 1700000000123, 30000);
    for (size_t i = 0; i < MR_ASK_HEADERS; i++) {
        assert_bytes(headers.pairs[i].name, expected[i].name);
        assert_bytes(headers.pairs[i].value, expected[i].value);
    }
}

static void a_request_of_ours_is_recognised_as_one(void **state)
{
    (void)state;
    struct mr_ask_headers headers;
    mr_dialect_ask(&headers, MR_BYTES("id"), "answers", 1700000000123, 1);
    struct mr_request request =
        mr_dialect_recognise(MR_DIALECT_AUTO, headers.pairs, MR_ASK_HEADERS);
    assert_true(request.is_request);
    assert_int_equal(request.dialect, MR_DIALECT_KAFKA_CLIENT);
    assert_bytes(request.correlation_id, MR_BYTES("id"));
    assert_bytes(request.reply_to, MR_BYTES("answers"));
    assert_true(request.sent_at == 1700000000123);
    assert_true(request.timeout == 1);
}

static void headers_that_are_there_already_are_not_appended(void **state)
{
    (void)state;
    static const struct mr_pair extra[] = {
        HEADER("b", "1"), HEADER("OWN", "2"), HEADER("b", "3"), {MR_BYTES("n"), NULL_VALUE}};
    struct mr_pair headers[8] = {HEADER("own", "0")};
    assert_int_equal(mr_headers_append(headers, 1, extra, 4), 4);
    assert_bytes(headers[0].value, MR_BYTES("0"));
    assert_bytes(headers[1].value, MR_BYTES("1"));
    assert_bytes(headers[2].value, MR_BYTES("3")); /* a script may repeat its own */
    assert_null(headers[3].value.data);
    assert_int_equal(mr_headers_append(headers, 1, extra, 0), 1);
    assert_int_equal(mr_headers_append(headers, 0, extra, 2), 2);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_reply)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_and_events_are_told_apart_by_their_headers),
        TEST(times_are_read_where_they_are_decimal_milliseconds),
        TEST(dialects_are_known_by_their_names),
        TEST(a_header_is_found_by_its_name_and_its_last_value),
        TEST(a_success_in_kafka_client_is_an_envelope),
        TEST(every_reply_in_kafka_client_has_a_key_of_its_own),
        TEST(null_in_kafka_client_is_data_null),
        TEST(an_error_in_kafka_client_is_an_envelope_too),
        TEST(a_success_in_plain_is_the_value_under_the_key_of_the_request),
        TEST(a_request_without_a_key_is_answered_without_one),
        TEST(null_in_plain_is_the_value_null),
        TEST(an_error_in_plain_says_so_in_its_message_type),
        TEST(a_raw_value_goes_as_it_is_in_either_dialect),
        TEST(an_error_of_any_bytes_is_valid_json),
        TEST(headers_of_the_handler_come_last),
        TEST(headers_of_the_handler_replace_none_of_the_dialect),
        TEST(a_reply_is_composed_anew_over_one_before),
        TEST(a_request_of_ours_says_what_it_wants_in_five_headers),
        TEST(a_request_of_ours_is_recognised_as_one),
        TEST(headers_that_are_there_already_are_not_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
