#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/scoreboard.h"
#include "panics.h"
#include "worker/job/job_state.h"

static struct mr_job_pool pool;
static struct mr_topic_row row;
static struct mr_job jobs[3];
static struct mr_job_list list, other;

static int set_up(void **state)
{
    (void)state;
    pool = (struct mr_job_pool){0};
    memset(&row, 0, sizeof(row));
    list = other = (struct mr_job_list){0};
    for (size_t i = 0; i < 3; i++) {
        jobs[i] = (struct mr_job){.pool = &pool, .row = &row};
        pool.count[MR_JOB_QUEUED]++;
        mr_messages_enter(&row, MR_JOB_QUEUED);
    }
    return 0;
}

static void a_job_moves_with_its_state_from_list_to_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        mr_job_become(&jobs[i], MR_JOB_READY, &list);
    mr_job_become(&jobs[1], MR_JOB_BLOCKED, &other);
    assert_ptr_equal(list.first, &jobs[0]);
    assert_ptr_equal(list.last, &jobs[2]);
    assert_ptr_equal(jobs[0].next, &jobs[2]);
    assert_ptr_equal(other.first, &jobs[1]);
    mr_job_become(&jobs[1], MR_JOB_READY, &list);
    assert_ptr_equal(list.last, &jobs[1]);
    assert_null(other.first);
    assert_null(other.last);
}

static void a_job_that_goes_on_is_put_before_the_others(void **state)
{
    (void)state;
    mr_job_become(&jobs[0], MR_JOB_READY, &list);
    mr_job_become(&jobs[1], MR_JOB_READY, &list);
    mr_job_become(&jobs[1], MR_JOB_BLOCKED, &other);
    mr_job_become_first(&jobs[1], MR_JOB_READY, &list);
    assert_ptr_equal(list.first, &jobs[1]);
    assert_ptr_equal(list.last, &jobs[0]);
}

static void jobs_are_counted_by_state(void **state)
{
    (void)state;
    mr_job_become(&jobs[0], MR_JOB_READY, &list);
    mr_job_become(&jobs[1], MR_JOB_READY, &list);
    mr_job_become(&jobs[1], MR_JOB_RUNNING, &other);
    assert_int_equal(pool.count[MR_JOB_QUEUED], 1);
    assert_int_equal(pool.count[MR_JOB_READY], 1);
    assert_int_equal(pool.count[MR_JOB_RUNNING], 1);
}

/* Asserts that the row counts what the pool counts, and that these are all messages. */
static void expect_counts(uint64_t all)
{
    uint64_t sum = 0;
    for (int at = 0; at < MR_JOB_SETTLED; at++) {
        assert_int_equal(mr_messages_in(&row, at), pool.count[at]);
        sum += mr_messages_in(&row, at);
    }
    assert_int_equal(sum, all);
}

static void each_move_moves_one_message_of_the_topic(void **state)
{
    static const enum mr_job_state way[] = {MR_JOB_READY,   MR_JOB_RUNNING, MR_JOB_SUSPENDED,
                                            MR_JOB_RUNNING, MR_JOB_READY,   MR_JOB_DELAYED};
    (void)state;
    for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
        assert_int_equal(mr_messages_in(&row, way[i]), 0);
        mr_job_become(&jobs[0], way[i], &list);
        assert_int_equal(mr_messages_in(&row, way[i]), 1);
        assert_int_equal(mr_messages_in(&row, MR_JOB_QUEUED), 2);
        expect_counts(3);
    }
    mr_job_become_first(&jobs[0], MR_JOB_READY, &list);
    mr_job_become_first(&jobs[1], MR_JOB_READY, &list);
    assert_int_equal(mr_messages_in(&row, MR_JOB_READY), 2);
    expect_counts(3);
}

static void a_settled_message_is_counted_nowhere_and_leaves_its_states_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        mr_job_become(&jobs[i], MR_JOB_READY, &list);
        mr_job_become(&jobs[i], MR_JOB_DELIVERING, NULL);
        mr_job_become(&jobs[i], MR_JOB_SETTLED, NULL);
        expect_counts(2 - i);
    }
    assert_true(mr_messages_seen(&row, MR_JOB_QUEUED));
    assert_true(mr_messages_seen(&row, MR_JOB_DELIVERING));
    assert_false(mr_messages_seen(&row, MR_JOB_RUNNING));
}

static void settle_at_once(void *job)
{
    mr_job_become(job, MR_JOB_SETTLED, NULL);
}

static void be_ready_in_no_list(void *job)
{
    mr_job_become(job, MR_JOB_READY, NULL);
}

static void be_queued_in_a_list(void *job)
{
    mr_job_become(job, MR_JOB_QUEUED, &list);
}

static void a_move_that_the_table_does_not_allow_panics(void **state)
{
    char said[512];
    (void)state;
    assert_true(panics(settle_at_once, &jobs[0], said, sizeof(said)));
    assert_true(panics(be_ready_in_no_list, &jobs[0], said, sizeof(said)));
    assert_true(panics(be_queued_in_a_list, &jobs[0], said, sizeof(said)));
}

/* From every state but the last one a job comes to be settled, and nothing follows that. */
static void every_state_leads_to_the_end(void **state)
{
    bool leads[MR_JOB_STATES] = {[MR_JOB_SETTLED] = true};
    (void)state;
    for (int round = 0; round < MR_JOB_STATES; round++)
        for (int from = 0; from < MR_JOB_STATES; from++)
            for (int to = 0; to < MR_JOB_STATES; to++)
                leads[from] = leads[from] || (leads[to] && mr_job_may_become(from, to));
    for (int from = 0; from < MR_JOB_STATES; from++) {
        assert_true(leads[from]);
        assert_false(mr_job_may_become(MR_JOB_SETTLED, from));
        assert_non_null(mr_job_state_names[from]);
    }
}

static void a_handler_is_to_start_before_it_runs(void **state)
{
    (void)state;
    assert_true(mr_job_is_to_start(&jobs[0]));
    mr_job_become(&jobs[0], MR_JOB_READY, &list);
    assert_true(mr_job_is_to_start(&jobs[0]));
    mr_job_become(&jobs[0], MR_JOB_RUNNING, &other);
    assert_false(mr_job_is_to_start(&jobs[0]));
    mr_job_become(&jobs[0], MR_JOB_DELIVERING, NULL);
    assert_false(mr_job_is_to_start(&jobs[0]));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_moves_with_its_state_from_list_to_list),
        TEST(a_job_that_goes_on_is_put_before_the_others),
        TEST(jobs_are_counted_by_state),
        TEST(each_move_moves_one_message_of_the_topic),
        TEST(a_settled_message_is_counted_nowhere_and_leaves_its_states_seen),
        TEST(a_move_that_the_table_does_not_allow_panics),
        TEST(every_state_leads_to_the_end),
        TEST(a_handler_is_to_start_before_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
