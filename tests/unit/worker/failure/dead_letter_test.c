#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/failure/dead_letter.h"

static char template[] = "{base}-dlq";
static char names[MR_DLQ_HEADERS][20] = {
    "original-topic", "original-partition", "original-offset", "original-timestamp",
    "error",          "error-stack",        "failed-at",       "total-retries",
    "reason"};
static struct mr_policy policy;
static struct mr_failure failure;
static struct mr_dead dead;

static int set_up(void **state)
{
    (void)state;
    policy.dlq.spring = false;
    policy.dlq.topic = template;
    for (size_t i = 0; i < MR_DLQ_HEADERS; i++)
        policy.dlq.headers[i] = names[i];
    failure = (struct mr_failure){.fault = {.message = MR_BYTES("it failed"),
                                            .name = MR_BYTES("InternalServerError"),
                                            .trace = MR_BYTES("a.lua:3: it failed")},
                                  .at = 1700000000123};
    dead = (struct mr_dead){.origin = {"orders-commands", 2, 4294967297, 1600000000000, false},
                            .group_id = "shop",
                            .failure = &failure,
                            .retries = 3};
    return 0;
}

/* The letter's headers from number `from` on as "name=value name=value". */
static void expect_headers(const struct mr_forward_record *letter, size_t from,
                           const char *expected)
{
    char text[1024] = "";
    for (size_t i = from; i < letter->record.header_count; i++) {
        const struct mr_pair *header = &letter->headers[i];
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.*s=%.*s",
                 i > from ? " " : "", (int)header->name.length, header->name.data,
                 (int)header->value.length, header->value.data);
    }
    assert_string_equal(text, expected);
}

static void what_became_of_it_is_behind_what_came(void **state)
{
    (void)state;
    static const struct mr_pair headers[] = {{{"b", 1}, {"1", 1}}, {{"a", 1}, {"2", 1}}};
    struct mr_forward_record letter;
    mr_forward_record_begin(&letter, MR_BYTES("k"), MR_BYTES("v"), headers, 2);
    assert_true(mr_dead_letter_write(&letter, &policy, &dead));
    assert_string_equal(letter.record.topic, "orders-dlq");
    assert_int_equal(letter.record.partition, 2);
    assert_true(mr_bytes_equal(letter.record.key, MR_BYTES("k")));
    assert_true(mr_bytes_equal(letter.record.value, MR_BYTES("v")));
    expect_headers(
        &letter, 0,
        "b=1 a=2 original-topic=orders-commands original-partition=2 "
        "original-offset=4294967297 original-timestamp=1600000000000 error=it failed "
        "error-stack=a.lua:3: it failed failed-at=1700000000123 total-retries=3 reason=error");
    mr_forward_record_free(&letter);
}

static void its_reason_is_the_kind_of_failure(void **state)
{
    static const struct {
        enum mr_fault_kind kind;
        const char *reason;
    } cases[] = {
        {MR_FAULT_ERROR, "error"},          {MR_FAULT_STATUS, "status"},
        {MR_FAULT_RETRY, "error"},          {MR_FAULT_REJECT, "rejected"},
        {MR_FAULT_MISTAKE, "error"},        {MR_FAULT_UNDECODABLE, "undecodable"},
        {MR_FAULT_TIME, "budget"},          {MR_FAULT_MEMORY, "budget"},
        {MR_FAULT_CRASH, "crash"},          {MR_FAULT_REPLY, "undeliverable"},
        {MR_FAULT_RECORD, "undeliverable"}, {MR_FAULT_ROOM, "budget"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mr_forward_record letter;
        failure.fault.kind = cases[i].kind;
        mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, NULL, 0);
        mr_dead_letter_write(&letter, &policy, &dead);
        struct mr_pair last = letter.headers[letter.record.header_count - 1];
        assert_true(mr_bytes_equal(last.name, MR_BYTES("reason")));
        assert_true(mr_bytes_equal(last.value, mr_bytes_of(cases[i].reason)));
        mr_forward_record_free(&letter);
    }
}

static void nulls_stay_nulls(void **state)
{
    (void)state;
    struct mr_forward_record letter;
    mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, NULL, 0);
    mr_dead_letter_write(&letter, &policy, &dead);
    assert_null(letter.record.key.data);
    assert_null(letter.record.value.data);
    assert_int_equal(letter.record.header_count, 9);
    mr_forward_record_free(&letter);
}

static void a_partition_that_is_not_there_is_any(void **state)
{
    (void)state;
    struct mr_forward_record letter;
    failure.any_partition = true;
    mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, NULL, 0);
    mr_dead_letter_write(&letter, &policy, &dead);
    assert_int_equal(letter.record.partition, MR_PARTITION_ANY);
    mr_forward_record_free(&letter);
}

static void numbers_of_spring_s_are_binary(void **state)
{
    (void)state;
    struct mr_forward_record letter;
    policy.dlq.spring = true;
    dead.origin.broker_s_clock = true;
    mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, NULL, 0);
    mr_dead_letter_write(&letter, &policy, &dead);
    assert_int_equal(letter.record.header_count, 18);
    assert_true(mr_bytes_equal(letter.headers[10].value, MR_BYTES("\0\0\0\2")));
    assert_true(mr_bytes_equal(letter.headers[11].value, MR_BYTES("\0\0\0\1\0\0\0\1")));
    assert_true(
        mr_bytes_equal(letter.headers[12].value, MR_BYTES("\x00\x00\x01\x74\x87\x6e\x80\x00")));
    expect_headers(&letter, 13,
                   "kafka_dlt-original-timestamp-type=LogAppendTime "
                   "kafka_dlt-original-consumer-group=shop "
                   "kafka_dlt-exception-fqcn=InternalServerError "
                   "kafka_dlt-exception-message=it failed "
                   "kafka_dlt-exception-stacktrace=a.lua:3: it failed");
    mr_forward_record_free(&letter);
}

static size_t length_of(const struct mr_forward_record *letter)
{
    size_t length = 0;
    for (size_t i = 0; i < letter->record.header_count; i++)
        length += letter->headers[i].value.length;
    return length;
}

static void each_cut_says_less(void **state)
{
    (void)state;
    char *text = test_malloc(100000);
    size_t before = SIZE_MAX;
    memset(text, 'x', 100000);
    failure.fault.message = failure.fault.trace = (struct mr_bytes){text, 100000};
    for (failure.cut = 0; failure.cut <= MR_DEAD_LETTER_CUTS; failure.cut++) {
        struct mr_forward_record letter;
        mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, NULL, 0);
        mr_dead_letter_write(&letter, &policy, &dead);
        assert_true(length_of(&letter) < before && length_of(&letter) < 21000);
        before = length_of(&letter);
        mr_forward_record_free(&letter);
    }
    assert_true(before < 200);
    test_free(text);
}

static void a_cut_leaves_characters_whole(void **state)
{
    (void)state;
    struct mr_bytes text = MR_BYTES("a\xc3\xa4\xe2\x82\xac");
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6};
    for (size_t most = 0; most < 8; most++)
        assert_int_equal(mr_failure_cut(text, most).length, expected[most]);
}

static void a_name_that_is_no_topic_s_is_refused(void **state)
{
    (void)state;
    char name[250];
    struct mr_forward_record letter;
    memset(name, 'x', 249);
    name[249] = '\0';
    dead.origin.topic = name;
    mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, NULL, 0);
    assert_false(mr_dead_letter_write(&letter, &policy, &dead));
    mr_forward_record_free(&letter);
}

static void a_failure_keeps_its_own_copy_cut_to_a_sane_size(void **state)
{
    (void)state;
    char message[] = "it failed", *trace = test_malloc(50000);
    memset(trace, 't', 50000);
    const struct mr_fault fault = {.kind = MR_FAULT_REJECT,
                                   .message = mr_bytes_of(message),
                                   .name = MR_BYTES("Refused"),
                                   .trace = {trace, 50000}};
    struct mr_failure *kept = mr_failure_new(&fault);
    message[0] = 'x';
    memset(trace, 'x', 50000);
    assert_true(mr_bytes_equal(kept->fault.message, MR_BYTES("it failed")));
    assert_true(mr_bytes_equal(kept->fault.name, MR_BYTES("Refused")));
    assert_int_equal(kept->fault.trace.length, MR_FAILURE_TRACE);
    assert_int_equal(kept->fault.trace.data[0], 't');
    assert_int_equal(kept->fault.kind, MR_FAULT_REJECT);
    free(kept);
    test_free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_became_of_it_is_behind_what_came, set_up),
        cmocka_unit_test_setup(its_reason_is_the_kind_of_failure, set_up),
        cmocka_unit_test_setup(nulls_stay_nulls, set_up),
        cmocka_unit_test_setup(a_partition_that_is_not_there_is_any, set_up),
        cmocka_unit_test_setup(numbers_of_spring_s_are_binary, set_up),
        cmocka_unit_test_setup(each_cut_says_less, set_up),
        cmocka_unit_test_setup(a_cut_leaves_characters_whole, set_up),
        cmocka_unit_test_setup(a_name_that_is_no_topic_s_is_refused, set_up),
        cmocka_unit_test_setup(a_failure_keeps_its_own_copy_cut_to_a_sane_size, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
