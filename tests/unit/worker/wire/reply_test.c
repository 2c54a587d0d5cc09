#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/wire/reply.h"

#define NULL_VALUE MR_BYTES_NONE
#define HEADER(name, value)                                                                        \
    {                                                                                              \
        MR_BYTES(name), MR_BYTES(value)                                                            \
    }

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
    .reply_partition = MR_PARTITION_ANY,
};
static const struct mr_request asked_plainly = {
    .is_request = true,
    .dialect = MR_DIALECT_PLAIN,
    .correlation_id = {"c\0\xff", 3},
    .reply_to = {"answers-and-more", 7},
    .reply_partition = MR_PARTITION_ANY,
};

static const struct mr_request asked_by_nest = {
    .is_request = true,
    .dialect = MR_DIALECT_NESTJS,
    .correlation_id = {"c\0\xff", 3},
    .reply_to = {"answers-and-more", 7},
    .reply_partition = 5,
};
static const struct mr_request asked_by_spring = {
    .is_request = true,
    .dialect = MR_DIALECT_SPRING,
    .correlation_id = {"c\0\xff", 3},
    .reply_to = {"answers-and-more", 7},
    .reply_partition = MR_PARTITION_ANY,
};

static void compose(const struct mr_request *request, struct mr_answer answer)
{
    mr_compose(&reply, request, MR_BYTES("the\0key"), &answer, 1700000000123);
    assert_string_equal(reply.record.topic, "answers");
    assert_int_equal(reply.record.partition, request->reply_partition);
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
    mr_compose(&reply, &asked_plainly, MR_BYTES_NONE, &answer, 1);
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

static void a_success_in_nestjs_goes_to_its_partition_without_a_key(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {
        HEADER("kafka_correlationId", "c\0\xff"),
        HEADER("kafka_nest-is-disposed", "\0"),
    };
    compose(&asked_by_nest, (struct mr_answer){.value = MR_BYTES("[1,2]")});
    assert_null(reply.record.key.data);
    assert_headers(headers, 2);
    assert_bytes(reply.record.value, MR_BYTES("[1,2]"));
    compose(&asked_by_nest, (struct mr_answer){.value = MR_BYTES("")});
    assert_bytes(reply.record.value, MR_BYTES(""));
}

static void an_error_in_nestjs_is_in_a_header(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {
        HEADER("kafka_correlationId", "c\0\xff"),
        HEADER("kafka_nest-is-disposed", "\0"),
        HEADER("kafka_nest-err",
               "{\"statusCode\":404,\"message\":\"not \\\"here\\\"\",\"error\":\"NotFound\"}"),
        HEADER("status-code", "404"),
    };
    compose(&asked_by_nest, (struct mr_answer){.is_error = true,
                                               .status = 404,
                                               .message = MR_BYTES("not \"here\""),
                                               .name = MR_BYTES("NotFound")});
    assert_null(reply.record.value.data);
    assert_null(reply.record.key.data);
    assert_headers(headers, 4);
}

static void null_in_nestjs_and_in_spring_is_a_null_value(void **state)
{
    (void)state;
    compose(&asked_by_nest, (struct mr_answer){.value = MR_BYTES_NONE});
    assert_null(reply.record.value.data);
    assert_int_equal(reply.record.header_count, 2);
    compose(&asked_by_spring, (struct mr_answer){.value = MR_BYTES_NONE});
    assert_null(reply.record.value.data);
}

static void a_reply_in_spring_has_the_key_of_the_request_and_echoes_its_id(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {HEADER("kafka_correlationId", "c\0\xff"),
                                             HEADER("status-code", "503")};
    compose(&asked_by_spring, (struct mr_answer){.value = MR_BYTES("{\"a\":1}")});
    assert_bytes(reply.record.key, MR_BYTES("the\0key"));
    assert_headers(headers, 1);
    assert_bytes(reply.record.value, MR_BYTES("{\"a\":1}"));
    compose(&asked_by_spring, (struct mr_answer){.is_error = true,
                                                 .status = 503,
                                                 .message = MR_BYTES("later"),
                                                 .name = MR_BYTES("Unavailable")});
    assert_bytes(reply.record.key, MR_BYTES("the\0key"));
    assert_headers(headers, 2);
    assert_bytes(reply.record.value,
                 MR_BYTES("{\"statusCode\":503,\"message\":\"later\",\"error\":\"Unavailable\"}"));
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

#define TEST(name) cmocka_unit_test_teardown(name, free_reply)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_success_in_kafka_client_is_an_envelope),
        TEST(every_reply_in_kafka_client_has_a_key_of_its_own),
        TEST(null_in_kafka_client_is_data_null),
        TEST(an_error_in_kafka_client_is_an_envelope_too),
        TEST(a_success_in_plain_is_the_value_under_the_key_of_the_request),
        TEST(a_request_without_a_key_is_answered_without_one),
        TEST(null_in_plain_is_the_value_null),
        TEST(an_error_in_plain_says_so_in_its_message_type),
        TEST(a_raw_value_goes_as_it_is_in_either_dialect),
        TEST(a_success_in_nestjs_goes_to_its_partition_without_a_key),
        TEST(an_error_in_nestjs_is_in_a_header),
        TEST(null_in_nestjs_and_in_spring_is_a_null_value),
        TEST(a_reply_in_spring_has_the_key_of_the_request_and_echoes_its_id),
        TEST(an_error_of_any_bytes_is_valid_json),
        TEST(headers_of_the_handler_come_last),
        TEST(headers_of_the_handler_replace_none_of_the_dialect),
        TEST(a_reply_is_composed_anew_over_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
