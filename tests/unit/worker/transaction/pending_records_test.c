#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/transaction/pending_records.h"

static struct mr_job job;

static int set_up(void **state)
{
    (void)state;
    job = (struct mr_job){0};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(records_are_kept_whole_and_in_order, set_up),
        cmocka_unit_test_setup(the_first_that_cannot_be_delivered_is_found, set_up),
        cmocka_unit_test_setup(one_record_is_taken_out_of_several, set_up),
        cmocka_unit_test_setup(a_reply_that_is_taken_back_has_not_been_given, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
