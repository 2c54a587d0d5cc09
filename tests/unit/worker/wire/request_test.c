#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/wire/request.h"

#define NULL_VALUE MR_BYTES_NONE
#define HEADER(name, value)                                                                        \
    {                                                                                              \
        MR_BYTES(name), MR_BYTES(value)                                                            \
    }
#define SENT    HEADER("timestamp", "1700000000123")
#define TIMEOUT HEADER("timeout", "30000")
#define VALUE   MR_BYTES("the value")

static struct mr_ask_terms terms_in(enum mr_dialect dialect)
{
    return (struct mr_ask_terms){.dialect = dialect,
                                 .correlation_id = MR_BYTES("c\0\xff"),
                                 .reply_to = "x-responses",
                                 .reply_partition = 258,
                                 .now = 1700000000123,
                                 .timeout = 30000};
}

static void assert_bytes(struct mr_bytes bytes, struct mr_bytes expected)
{
    if ((bytes.data == NULL) != (expected.data == NULL) || !mr_bytes_equal(bytes, expected))
        fail_msg("'%.*s', not '%.*s'", (int)bytes.length, bytes.data, (int)expected.length,
                 expected.data);
}

static void a_request_of_ours_says_what_it_wants(void **state)
{
    static const struct {
        enum mr_dialect dialect;
        struct mr_pair headers[MR_ASK_HEADERS];
    } rows[] = {
        {MR_DIALECT_KAFKA_CLIENT,
         {HEADER("correlation-id", "c\0\xff"), HEADER("reply-to", "x-responses"),
          HEADER("message-type", "request-reply"), SENT, TIMEOUT}},
        {MR_DIALECT_PLAIN,
         {HEADER("correlation-id", "c\0\xff"), HEADER("reply-to", "x-responses"), SENT, TIMEOUT}},
        {MR_DIALECT_NESTJS,
         {HEADER("kafka_correlationId", "c\0\xff"), HEADER("kafka_replyTopic", "x-responses"),
          HEADER("kafka_replyPartition", "258"), SENT, TIMEOUT}},
        {MR_DIALECT_SPRING,
         {HEADER("kafka_correlationId", "c\0\xff"), HEADER("kafka_replyTopic", "x-responses"),
          HEADER("kafka_replyPartition", "\0\0\1\2"), SENT, TIMEOUT}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct mr_ask_headers headers;
        const struct mr_ask_terms terms = terms_in(rows[i].dialect);
        mr_ask_compose(&headers, &terms);
        for (size_t at = 0; at < headers.count; at++) {
            assert_bytes(headers.pairs[at].name, rows[i].headers[at].name);
            assert_bytes(headers.pairs[at].value, rows[i].headers[at].value);
        }
        assert_true(headers.count == MR_ASK_HEADERS ||
                    rows[i].headers[headers.count].name.data == NULL);
    }
}

static void a_request_of_ours_is_recognised_as_one(void **state)
{
    (void)state;
    for (enum mr_dialect dialect = MR_DIALECT_KAFKA_CLIENT; dialect < MR_DIALECTS; dialect++) {
        struct mr_ask_headers headers;
        const struct mr_ask_terms terms = terms_in(dialect);
        mr_ask_compose(&headers, &terms);
        struct mr_request request =
            mr_dialect_recognise(MR_DIALECT_AUTO, headers.pairs, headers.count);
        assert_int_equal(request.dialect, dialect);
        assert_bytes(request.correlation_id, terms.correlation_id);
        assert_bytes(request.reply_to, MR_BYTES("x-responses"));
        bool named = dialect == MR_DIALECT_NESTJS || dialect == MR_DIALECT_SPRING;
        assert_int_equal(request.reply_partition, named ? 258 : MR_PARTITION_ANY);
        assert_true(request.sent_at == terms.now);
        assert_true(request.timeout == terms.timeout);
    }
}

static void only_our_own_two_dialects_have_the_id_for_a_key(void **state)
{
    (void)state;
    for (enum mr_dialect dialect = MR_DIALECT_KAFKA_CLIENT; dialect < MR_DIALECTS; dialect++) {
        const struct mr_ask_terms terms = terms_in(dialect);
        bool own = dialect == MR_DIALECT_KAFKA_CLIENT || dialect == MR_DIALECT_PLAIN;
        assert_bytes(mr_ask_key(&terms), own ? terms.correlation_id : MR_BYTES_NONE);
    }
}

/* What of a reply tells what it is, and what it is then. */
static void a_reply_is_read_as_its_request_was_asked(void **state)
{
    static const struct {
        const char *what;
        enum mr_dialect dialect;
        struct mr_pair header;
        struct mr_heard heard;
    } rows[] = {
        {"a success",
         MR_DIALECT_KAFKA_CLIENT,
         HEADER("message-type", "request-reply"),
         {.is_reply = true, .enveloped = true, .value = VALUE}},
        {"an error without an envelope",
         MR_DIALECT_KAFKA_CLIENT,
         HEADER("Message-Type", "error"),
         {.is_reply = true, .enveloped = true, .is_error = true, .value = VALUE}},
        {"not meant for us",
         MR_DIALECT_KAFKA_CLIENT,
         HEADER("message-type", "fire-and-forget"),
         {.enveloped = true, .value = VALUE}},
        {"an event of plain",
         MR_DIALECT_PLAIN,
         HEADER("message-type", "fire-and-forget"),
         {.value = VALUE}},
        {"an event by nestjs' names",
         MR_DIALECT_NESTJS,
         HEADER("message-type", "fire-and-forget"),
         {.bare = true, .value = VALUE}},
        {"an event by spring's names",
         MR_DIALECT_SPRING,
         HEADER("message-type", "fire-and-forget"),
         {.value = VALUE}},
        {"plain",
         MR_DIALECT_PLAIN,
         HEADER("message-type", "response"),
         {.is_reply = true, .value = VALUE}},
        {"a plain error",
         MR_DIALECT_PLAIN,
         HEADER("message-type", "error"),
         {.is_reply = true, .is_error = true, .value = VALUE}},
        {"nestjs",
         MR_DIALECT_NESTJS,
         HEADER("kafka_nest-is-disposed", "\0"),
         {.is_reply = true, .bare = true, .value = VALUE}},
        {"an error of nestjs",
         MR_DIALECT_NESTJS,
         HEADER("kafka_nest-err", "{}"),
         {.is_reply = true, .bare = true, .is_error = true, .value = MR_BYTES("{}")}},
        {"spring",
         MR_DIALECT_SPRING,
         HEADER("message-type", "error"),
         {.is_reply = true, .value = VALUE}},
        {"an error of spring",
         MR_DIALECT_SPRING,
         HEADER("status-code", "404"),
         {.is_reply = true, .is_error = true, .value = VALUE}},
        {"a status that is no error",
         MR_DIALECT_SPRING,
         HEADER("status-code", "200"),
         {.is_reply = true, .value = VALUE}},
        {"a status that is none",
         MR_DIALECT_SPRING,
         HEADER("status-code", "5"),
         {.is_reply = true, .value = VALUE}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct mr_heard *wanted = &rows[i].heard;
        struct mr_heard heard = mr_ask_heard(rows[i].dialect, VALUE, &rows[i].header, 1);
        if (heard.is_reply != wanted->is_reply || heard.is_error != wanted->is_error ||
            heard.enveloped != wanted->enveloped || heard.bare != wanted->bare ||
            !mr_bytes_equal(heard.value, wanted->value))
            fail_msg("%s: reply %d, error %d, enveloped %d, bare %d, '%.*s'", rows[i].what,
                     heard.is_reply, heard.is_error, heard.enveloped, heard.bare,
                     (int)heard.value.length, heard.value.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_of_ours_says_what_it_wants),
        cmocka_unit_test(a_request_of_ours_is_recognised_as_one),
        cmocka_unit_test(only_our_own_two_dialects_have_the_id_for_a_key),
        cmocka_unit_test(a_reply_is_read_as_its_request_was_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
