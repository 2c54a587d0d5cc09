#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/wire/dialect.h"

enum { MOST = 8 };

#define NULL_VALUE MR_BYTES_NONE
#define HEADER(name, value)                                                                        \
    {                                                                                              \
        MR_BYTES(name), MR_BYTES(value)                                                            \
    }
#define CORRELATION HEADER("correlation-id", "c-1")
#define REPLY_TO    HEADER("reply-to", "answers")
#define ASKED       HEADER("message-type", "request-reply")

/* The names that Spring and NestJS have. */
#define KAFKA_ID         HEADER("kafka_correlationId", "k-1")
#define KAFKA_TOPIC      HEADER("kafka_replyTopic", "kafka-answers")
#define PARTITION(bytes) HEADER("kafka_replyPartition", bytes)

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
        int64_t value; /* -1: missing */
    } rows[] = {
        {MR_BYTES("1700000000123"), 1700000000123},
        {MR_BYTES("0"), 0},
        {MR_BYTES("007"), 7},
        {MR_BYTES("999999999999999"), 999999999999999},
        {MR_BYTES("99999999999999999999"), -1},
        {MR_BYTES(""), -1},
        {MR_BYTES_NONE, -1},
        {MR_BYTES("-5"), -1},
        {MR_BYTES("+5"), -1},
        {MR_BYTES(" 5"), -1},
        {MR_BYTES("5.0"), -1},
        {MR_BYTES("5ms"), -1},
        {MR_BYTES("5\0"), -1},
        {MR_BYTES("\0\0\0\x05"), -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct mr_pair with[] = {
            CORRELATION, REPLY_TO, {MR_BYTES("Timestamp"), rows[i].text}, HEADER("timeout", "250")};
        const struct mr_pair other[] = {CORRELATION, REPLY_TO, {MR_BYTES("TIMEOUT"), rows[i].text}};
        struct mr_pair *headers = apart(with, 4), *others = apart(other, 3);
        struct mr_request request = mr_dialect_recognise(MR_DIALECT_AUTO, headers, 4);
        assert_true(request.sent_at == (rows[i].value < 0 ? 0 : rows[i].value));
        assert_true(request.timeout == 250);
        request = mr_dialect_recognise(MR_DIALECT_AUTO, others, 3);
        assert_true(request.sent_at == 0);
        assert_true(request.timeout == rows[i].value);
        free_apart(headers, 4);
        free_apart(others, 3);
    }
}

/* A time-out may be as long as one of ours can be, 2^53 ms; no time that comes has as many digits.
 */
static void a_time_out_may_have_more_digits_than_a_time(void **state)
{
    static const struct {
        const char *text;
        int64_t timeout;
    } rows[] = {
        {"9007199254740992", 9007199254740992},
        {"999999999999999999", 999999999999999999},
        {"1000000000000000000", -1},
        {"0000000000000000", 0},
        {"-1", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct mr_pair headers[] = {CORRELATION,
                                          REPLY_TO,
                                          {MR_BYTES("timestamp"), mr_bytes_of(rows[i].text)},
                                          {MR_BYTES("timeout"), mr_bytes_of(rows[i].text)}};
        struct mr_request request = mr_dialect_recognise(MR_DIALECT_AUTO, headers, 4);
        assert_true(request.timeout == rows[i].timeout);
        assert_true(request.sent_at == 0);
    }
}

static void requests_by_the_other_names_are_told_apart_by_their_partition(void **state)
{
    static const struct {
        const char *what;
        enum mr_dialect forced;
        struct mr_pair headers[MOST];
        enum mr_dialect dialect; /* AUTO: an event */
        int32_t partition;
        bool bad;
    } rows[] = {
        {"nestjs",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("3")},
         MR_DIALECT_NESTJS,
         3,
         false},
        {"nestjs, four digits",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("1234")},
         MR_DIALECT_NESTJS,
         1234,
         false},
        {"the last partition there can be",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("2147483647")},
         MR_DIALECT_NESTJS,
         2147483647,
         false},
        {"one more",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("2147483648")},
         MR_DIALECT_NESTJS,
         MR_PARTITION_ANY,
         true},
        {"a number without end",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("99999999999999999999999999")},
         MR_DIALECT_NESTJS,
         MR_PARTITION_ANY,
         true},
        {"spring",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("\0\0\1\2")},
         MR_DIALECT_SPRING,
         258,
         false},
        {"spring, no partition",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC},
         MR_DIALECT_SPRING,
         MR_PARTITION_ANY,
         false},
        {"spring, a null partition",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, {MR_BYTES("kafka_replyPartition"), NULL_VALUE}},
         MR_DIALECT_SPRING,
         MR_PARTITION_ANY,
         false},
        {"below zero",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("\xff\xff\xff\xff")},
         MR_DIALECT_SPRING,
         MR_PARTITION_ANY,
         true},
        {"a word",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("abc")},
         MR_DIALECT_SPRING,
         MR_PARTITION_ANY,
         true},
        {"three bytes",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("\0\0\1")},
         MR_DIALECT_SPRING,
         MR_PARTITION_ANY,
         true},
        {"no bytes",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("")},
         MR_DIALECT_SPRING,
         MR_PARTITION_ANY,
         true},
        {"forced, whatever the partition says",
         MR_DIALECT_SPRING,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("3")},
         MR_DIALECT_SPRING,
         3,
         false},
        {"forced to the other family",
         MR_DIALECT_PLAIN,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("3")},
         MR_DIALECT_PLAIN,
         3,
         false},
        {"another case",
         MR_DIALECT_AUTO,
         {HEADER("KAFKA_CORRELATIONID", "k-1"), HEADER("Kafka_ReplyTopic", "kafka-answers"),
          HEADER("kafka_replypartition", "0")},
         MR_DIALECT_NESTJS,
         0,
         false},
        {"fire-and-forget",
         MR_DIALECT_AUTO,
         {KAFKA_ID, KAFKA_TOPIC, PARTITION("3"), HEADER("message-type", "fire-and-forget")},
         MR_DIALECT_AUTO,
         0,
         false},
        {"no topic", MR_DIALECT_AUTO, {KAFKA_ID, PARTITION("3")}, MR_DIALECT_AUTO, 0, false},
        {"an empty topic",
         MR_DIALECT_AUTO,
         {KAFKA_ID, HEADER("kafka_replyTopic", ""), PARTITION("3")},
         MR_DIALECT_AUTO,
         0,
         false},
        {"no id", MR_DIALECT_AUTO, {KAFKA_TOPIC, PARTITION("3")}, MR_DIALECT_AUTO, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t count = count_of(rows[i].headers);
        struct mr_pair *headers = apart(rows[i].headers, count);
        struct mr_request request = mr_dialect_recognise(rows[i].forced, headers, count);
        bool is_request = rows[i].dialect != MR_DIALECT_AUTO;
        if (request.is_request != is_request || request.dialect != rows[i].dialect ||
            request.reply_partition != rows[i].partition ||
            request.bad_reply_partition != rows[i].bad ||
            (is_request && (!mr_bytes_equal(request.correlation_id, MR_BYTES("k-1")) ||
                            !mr_bytes_equal(request.reply_to, MR_BYTES("kafka-answers")))))
            fail_msg("%s: request %d, dialect %d, partition %d, bad %d", rows[i].what,
                     request.is_request, request.dialect, request.reply_partition,
                     request.bad_reply_partition);
        free_apart(headers, count);
    }
}

static void where_both_families_are_there_correlation_id_and_reply_to_win(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {KAFKA_ID, KAFKA_TOPIC, PARTITION("3"), CORRELATION,
                                             REPLY_TO};
    struct mr_request request = mr_dialect_recognise(MR_DIALECT_AUTO, headers, 5);
    assert_int_equal(request.dialect, MR_DIALECT_PLAIN);
    assert_true(mr_bytes_equal(request.correlation_id, MR_BYTES("c-1")));
    assert_true(mr_bytes_equal(request.reply_to, MR_BYTES("answers")));
    assert_int_equal(request.reply_partition, MR_PARTITION_ANY);
    request = mr_dialect_recognise(MR_DIALECT_AUTO, headers, 4);
    assert_int_equal(request.dialect, MR_DIALECT_NESTJS); /* one name of a family is none */
}

static void dialects_are_known_by_their_names(void **state)
{
    (void)state;
    assert_int_equal(mr_dialect_of("kafka-client"), MR_DIALECT_KAFKA_CLIENT);
    assert_int_equal(mr_dialect_of("plain"), MR_DIALECT_PLAIN);
    assert_int_equal(mr_dialect_of("nestjs"), MR_DIALECT_NESTJS);
    assert_int_equal(mr_dialect_of("spring"), MR_DIALECT_SPRING);
    assert_int_equal(mr_dialect_of("auto"), MR_DIALECT_AUTO);
    assert_int_equal(mr_dialect_of(""), MR_DIALECT_AUTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_and_events_are_told_apart_by_their_headers),
        cmocka_unit_test(times_are_read_where_they_are_decimal_milliseconds),
        cmocka_unit_test(a_time_out_may_have_more_digits_than_a_time),
        cmocka_unit_test(requests_by_the_other_names_are_told_apart_by_their_partition),
        cmocka_unit_test(where_both_families_are_there_correlation_id_and_reply_to_win),
        cmocka_unit_test(dialects_are_known_by_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
