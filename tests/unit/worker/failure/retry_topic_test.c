#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/failure/retry_topic.h"

static char names[MR_DLQ_HEADERS][20] = {
    "original-topic", "original-partition", "original-offset", "original-timestamp",
    "error",          "error-stack",        "failed-at",       "total-retries",
    "reason"};
static struct mr_policy policy;
static struct mr_failure failure;
static struct mr_dead failed;

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_DLQ_HEADERS; i++)
        policy.dlq.headers[i] = names[i];
    failure = (struct mr_failure){
        .fault = {.message = MR_BYTES("it failed")}, .at = 1700000000000, .delay = 2500};
    failed = (struct mr_dead){
        .origin = {"orders", 2, 77, 1600000000000, false}, .failure = &failure, .retries = 1};
    return 0;
}

static const struct mr_pair own[] = {
    {{"retry-count", 11}, {"mine", 4}}, {{"a", 1}, {"1", 1}}, {{"original-topic", 14}, {"b", 1}}};
enum { OWN = sizeof(own) / sizeof(own[0]) };

static void it_says_where_it_was_first_and_when_it_is_due(void **state)
{
    (void)state;
    static const char *const expected[][2] = {
        {"original-topic", "orders"}, {"original-partition", "2"},
        {"original-offset", "77"},    {"original-timestamp", "1600000000000"},
        {"retry-count", "2"},         {"retry-timestamp", "1700000002500"},
        {"last-error", "it failed"},
    };
    struct mr_forward_record letter;
    mr_forward_record_begin(&letter, MR_BYTES("k"), MR_BYTES_NONE, own, OWN);
    assert_true(mr_retry_topic_write(&letter, &policy, &failed));
    assert_string_equal(letter.record.topic, "orders-retry");
    assert_int_equal(letter.record.partition, 2);
    assert_int_equal(letter.record.header_count, OWN + 7);
    assert_memory_equal(letter.headers, own, sizeof(own));
    for (size_t i = 0; i < 7; i++) {
        const struct mr_pair *header = &letter.headers[OWN + i];
        assert_true(mr_bytes_equal(header->name, mr_bytes_of(expected[i][0])));
        assert_true(mr_bytes_equal(header->value, mr_bytes_of(expected[i][1])));
    }
    mr_forward_record_free(&letter);
}

static struct mr_returned elsewhere(void)
{
    return (struct mr_returned){.origin = {"orders", 9, 9999, 1800000000000, false}};
}

/* Whatever headers a message had itself, of the same names too, it has again. */
static void what_was_written_is_read_and_the_message_s_own_headers_are_left(void **state)
{
    (void)state;
    struct mr_forward_record letter;
    struct mr_returned returned = elsewhere();
    mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, own, OWN);
    mr_retry_topic_write(&letter, &policy, &failed);
    assert_int_equal(
        mr_retry_topic_read(letter.headers, letter.record.header_count, &policy, &returned), OWN);
    assert_memory_equal(letter.headers, own, sizeof(own));
    assert_string_equal(returned.origin.topic, "orders");
    assert_int_equal(returned.origin.partition, 2);
    assert_int_equal(returned.origin.offset, 77);
    assert_int_equal(returned.origin.timestamp, 1600000000000);
    assert_int_equal(returned.retries, 2);
    assert_int_equal(returned.due, 1700000002500);
    mr_forward_record_free(&letter);
}

/* As it lies in the topic, with a count behind it, which counts on. */
static void one_that_is_moved_is_as_it_was_with_a_count(void **state)
{
    (void)state;
    struct mr_forward_record first, again;
    mr_forward_record_begin(&first, MR_BYTES("k"), MR_BYTES("v"), own, OWN);
    mr_retry_topic_write(&first, &policy, &failed);
    size_t count = first.record.header_count;
    mr_forward_record_begin(&again, MR_BYTES("k"), MR_BYTES("v"), first.headers, count);
    for (int moves = 1; moves <= 2; moves++) {
        struct mr_returned returned = elsewhere();
        struct mr_pair read[OWN + 8];
        mr_retry_topic_again(&again, "orders-retry", 2, moves);
        assert_string_equal(again.record.topic, "orders-retry");
        assert_int_equal(again.record.partition, 2);
        assert_int_equal(again.record.header_count, count + 1);
        assert_memory_equal(again.headers, first.headers, count * sizeof(first.headers[0]));
        memcpy(read, again.headers, sizeof(read));
        assert_int_equal(mr_retry_topic_read(read, count + 1, &policy, &returned), OWN);
        assert_memory_equal(read, own, sizeof(own));
        assert_int_equal(returned.moves, moves);
        assert_int_equal(returned.retries, 2);
        assert_int_equal(returned.due, 1700000002500);
    }
    mr_forward_record_free(&first);
    mr_forward_record_free(&again);
}

static void what_had_no_timestamp_has_none(void **state)
{
    (void)state;
    struct mr_forward_record letter;
    struct mr_returned returned = elsewhere();
    failed.origin.timestamp = -1;
    mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, NULL, 0);
    mr_retry_topic_write(&letter, &policy, &failed);
    mr_retry_topic_read(letter.headers, letter.record.header_count, &policy, &returned);
    assert_int_equal(returned.origin.timestamp, -1);
    mr_forward_record_free(&letter);
}

static void every_time_of_a_record_is_kept(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, -5, 0, 1111111111111111111, INT64_MAX};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct mr_forward_record letter;
        struct mr_returned returned = elsewhere();
        failed.origin.timestamp = times[i];
        mr_forward_record_begin(&letter, MR_BYTES_NONE, MR_BYTES_NONE, NULL, 0);
        mr_retry_topic_write(&letter, &policy, &failed);
        mr_retry_topic_read(letter.headers, letter.record.header_count, &policy, &returned);
        assert_true(returned.origin.timestamp == times[i]);
        mr_forward_record_free(&letter);
    }
}

static void a_number_that_no_integer_holds_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"9223372036854775808", "-9223372036854775809",
                                        "99999999999999999999", "-", "1.5"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct mr_pair header = {MR_BYTES("original-timestamp"), mr_bytes_of(texts[i])};
        struct mr_returned returned = elsewhere();
        assert_int_equal(mr_retry_topic_read(&header, 1, &policy, &returned), 0);
        assert_int_equal(returned.origin.timestamp, 1800000000000);
    }
}

static void what_somebody_else_put_there_is_a_new_message(void **state)
{
    (void)state;
    struct mr_pair headers[] = {{{"retry-count", 11}, {"-1", 2}},
                                {{"retry-timestamp", 15}, {"soon", 4}},
                                {{"original-partition", 18}, {"99999999999", 11}},
                                {{"original-offset", 15}, {"", 0}},
                                {{"original-timestamp", 18}, {NULL, 0}},
                                {{"mine", 4}, {"1", 1}}};
    struct mr_returned returned = elsewhere();
    assert_int_equal(mr_retry_topic_read(headers, 6, &policy, &returned), 1);
    assert_true(mr_bytes_equal(headers[0].name, MR_BYTES("mine")));
    assert_int_equal(returned.retries, 0);
    assert_int_equal(returned.due, 0);
    assert_int_equal(returned.origin.partition, 9);
    assert_int_equal(returned.origin.offset, 9999);
    assert_int_equal(returned.origin.timestamp, 1800000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_that_is_moved_is_as_it_was_with_a_count, set_up),
        cmocka_unit_test_setup(it_says_where_it_was_first_and_when_it_is_due, set_up),
        cmocka_unit_test_setup(what_was_written_is_read_and_the_message_s_own_headers_are_left,
                               set_up),
        cmocka_unit_test_setup(what_had_no_timestamp_has_none, set_up),
        cmocka_unit_test_setup(every_time_of_a_record_is_kept, set_up),
        cmocka_unit_test_setup(a_number_that_no_integer_holds_is_none, set_up),
        cmocka_unit_test_setup(what_somebody_else_put_there_is_a_new_message, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
