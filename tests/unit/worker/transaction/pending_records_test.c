#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/consumer/fullness.h"
#include "worker/transaction/pending_records.h"

static struct mr_partitions all;
static struct mr_partition partition;
static struct mr_job job;

static int set_up(void **state)
{
    (void)state;
    all = (struct mr_partitions){0};
    partition = (struct mr_partition){.owner = &all};
    job = (struct mr_job){.partition = &partition};
    return 0;
}

/* When all records are dropped, none is counted. */
static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(partition.record_bytes, 0);
    assert_int_equal(partition.bytes, 0);
    assert_int_equal(all.bytes, 0);
    return 0;
}

static void hold(enum mr_purpose purpose, const char *topic)
{
    char borrowed[32];
    snprintf(borrowed, sizeof(borrowed), "%s", topic);
    const struct mr_outgoing record = {.topic = borrowed, .value = MR_BYTES("v")};
    mr_pending_records_add(&job, purpose, &record);
    memset(borrowed, 'x', sizeof(borrowed) - 1);
}

static void records_are_kept_whole_and_in_order(void **state)
{
    (void)state;
    hold(MR_FOR_PUBLISH, "first");
    hold(MR_FOR_REPLY, "second");
    assert_int_equal(mr_pending_records_count(&job), 2);
    assert_string_equal(job.held->record->topic, "first");
    assert_string_equal(job.held->next->record->topic, "second");
    assert_ptr_equal(job.held->next->job, &job);
    mr_pending_records_drop(&job);
    hold(MR_FOR_PUBLISH, "again");
    assert_int_equal(mr_pending_records_count(&job), 1);
    assert_string_equal(job.held->record->topic, "again");
    mr_pending_records_drop(&job);
}

static void the_first_that_cannot_be_delivered_is_found(void **state)
{
    (void)state;
    hold(MR_FOR_PUBLISH, "first");
    hold(MR_FOR_PUBLISH, "second");
    assert_null(mr_pending_records_failed(&job));
    mr_pending_records_fail(job.held->next, MR_SENT_TOO_LARGE, "why");
    mr_pending_records_fail(job.held->next, MR_SENT_REFUSED, "why not");
    assert_ptr_equal(mr_pending_records_failed(&job), job.held->next);
    assert_int_equal(mr_pending_records_failed(&job)->how, MR_SENT_REFUSED);
    assert_string_equal(mr_pending_records_failed(&job)->why, "why not");
    mr_pending_records_drop(&job);
    assert_null(mr_pending_records_failed(&job));
}

static void one_record_is_taken_out_of_several(void **state)
{
    (void)state;
    for (size_t out = 0; out < 3; out++) {
        job.answered = true;
        hold(MR_FOR_PUBLISH, "0");
        hold(MR_FOR_REPLY, "1");
        hold(MR_FOR_PUBLISH, "2");
        struct mr_pending_records *held = job.held;
        for (size_t i = 0; i < out; i++)
            held = held->next;
        mr_pending_records_take_out(held);
        hold(MR_FOR_PUBLISH, "3");
        assert_int_equal(mr_pending_records_count(&job), 3);
        assert_string_equal(job.last_held->record->topic, "3");
        assert_string_equal(job.held->record->topic, out == 0 ? "1" : "0");
        assert_true(job.answered);
        mr_pending_records_drop(&job);
    }
}

static void a_reply_that_is_taken_back_has_not_been_given(void **state)
{
    (void)state;
    job.answered = true;
    hold(MR_FOR_PUBLISH, "out");
    mr_pending_records_drop(&job);
    assert_true(job.answered);
    hold(MR_FOR_REPLY, "replies");
    mr_pending_records_drop(&job);
    assert_false(job.answered);
}

static void hold_bytes(size_t size)
{
    static const char value[100000];
    const struct mr_outgoing record = {
        .topic = "out", .key = MR_BYTES("key"), .value = {value, size}};
    mr_pending_records_add(&job, MR_FOR_PUBLISH, &record);
}

static void a_record_counts_for_its_partition_while_it_is_held(void **state)
{
    (void)state;
    hold_bytes(100000);
    assert_int_equal(partition.bytes, 100003 + 1024);
    hold_bytes(1000);
    hold_bytes(0);
    assert_int_equal(partition.bytes, 101009 + 3 * 1024);
    assert_int_equal(all.bytes, partition.bytes);
    mr_pending_records_take_out(job.held->next);
    assert_int_equal(partition.bytes, 100006 + 2 * 1024);
    mr_pending_records_fail(job.held, MR_SENT_REFUSED, "why");
    assert_int_equal(all.bytes, partition.bytes);
    mr_pending_records_drop(&job);
    assert_int_equal(all.bytes, 0);
}

static void records_crowd_the_worker_until_they_are_dropped(void **state)
{
    (void)state;
    size_t record = 100003 + 1024, count = 0;
    for (; count * record < MR_PARTITIONS_BYTES; count++) {
        assert_false(mr_partitions_crowded(&all));
        hold_bytes(100000);
    }
    assert_true(mr_partitions_crowded(&all));
    mr_pending_records_take_out(job.held);
    assert_false(mr_partitions_crowded(&all));
    mr_pending_records_drop(&job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_are_kept_whole_and_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_that_cannot_be_delivered_is_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_record_is_taken_out_of_several, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reply_that_is_taken_back_has_not_been_given, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_record_counts_for_its_partition_while_it_is_held, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(records_crowd_the_worker_until_they_are_dropped, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
