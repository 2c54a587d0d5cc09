/* The steps of transactions: on which thread they are taken, when again, and how they end. */
#include "fake_kafka.h"
#include "worker/job/job.h"
#include "worker/transaction/background.h"

static uv_loop_t loop;
static struct mr_timers timers;
static struct mr_consumer consumers[2];
static struct mr_partition partitions[3];
static struct mr_job jobs[3];
static struct mr_background steps;
static char over[FAKE_TEXT]; /* how each step ended */
static struct mr_step_end end;
static uv_thread_t over_on;
static int stirred;

static void on_over(void *data, enum mr_background_kind kind, const struct mr_step_end *how)
{
    static const char *const kinds[] = {"open=", "commit=", "abort=", "ask="};
    static const char *const ends[] = {"done ", "again ", "abort ", "fatal "};
    assert_ptr_equal(data, &steps);
    append(over, kinds[kind]);
    append(over, ends[how->step]);
    end = *how;
    over_on = uv_thread_self();
}

static void on_stirred(void *data)
{
    assert_ptr_equal(data, &steps);
    stirred++;
}

/* Two partitions of one consumer and one of another; each has one job in the transaction. */
static void make_partitions(void)
{
    static char topics[3][2] = {"a", "b", "c"};
    memset(jobs, 0, sizeof(jobs));
    memset(partitions, 0, sizeof(partitions));
    for (int i = 0; i < 3; i++) {
        jobs[i].message.offset = 10 * (i + 1);
        partitions[i].topic = topics[i];
        partitions[i].number = i;
        partitions[i].consumer = &consumers[i / 2];
        partitions[i].line.latest = &jobs[i];
        partitions[i].together = i < 2 ? &partitions[i + 1] : NULL;
    }
}

static int set_up(void **state)
{
    (void)state;
    reset_kafka();
    make_partitions();
    uv_loop_init(&loop);
    steps = (struct mr_background){.loop = &loop,
                                   .timers = &timers,
                                   .producer = &kafka.producers[0],
                                   .over = on_over,
                                   .stirred = on_stirred,
                                   .data = &steps};
    over[0] = '\0';
    stirred = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mr_background_stop(&steps);
    uv_run(&loop, UV_RUN_DEFAULT);
    mr_background_free(&steps);
    assert_int_equal(kafka.offset_lists, 0);
    assert_false(mr_timers_next(&timers, &(uint64_t){0}));
    mr_timers_free(&timers);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static void run(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void pass(uint64_t ms)
{
    for (uint64_t until = kafka.now + ms; kafka.now < until;) {
        kafka.now += 10;
        mr_timers_run(&timers, kafka.now);
        run();
    }
}

static void commit(void)
{
    mr_background_commit(&steps, &partitions[0]);
}

static void a_step_is_taken_on_the_pool_and_its_end_comes_to_the_loop(void **state)
{
    (void)state;
    uv_thread_t self = uv_thread_self();
    mr_background_open(&steps);
    assert_string_equal(over, "");
    run();
    assert_string_equal(over, "open=done ");
    assert_false(uv_thread_equal(&kafka.thread, &self));
    assert_true(uv_thread_equal(&over_on, &self));
    assert_int_equal(stirred, 1);
}

static void a_commit_has_the_offset_after_the_last_job_of_each_partition(void **state)
{
    (void)state;
    commit();
    assert_int_equal(kafka.offset_lists, 2); /* one per consumer */
    run();
    assert_non_null(strstr(kafka.offsets, "a/0=11 "));
    assert_non_null(strstr(kafka.offsets, "b/1=21 "));
    assert_non_null(strstr(kafka.offsets, "c/2=31 "));
    assert_string_equal(over, "commit=done ");
    assert_false(mr_background_doubt(&steps));
}

static void a_step_that_is_not_finished_is_taken_again_after_a_moment(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 3, (struct mr_step_end){.step = MR_STEP_AGAIN, .why = "waits"});
    commit();
    run();
    assert_string_equal(kafka.steps, "commit ");
    assert_string_equal(steps.waits, "waits");
    assert_int_equal(stirred, 1); /* after each try */
    pass(10);
    assert_string_equal(kafka.steps, "commit ");
    pass(10);
    assert_string_equal(kafka.steps, "commit commit ");
    assert_string_equal(over, "");
    pass(40);
    assert_string_equal(kafka.steps, "commit commit commit commit ");
    assert_string_equal(over, "commit=done ");
    pass(1000);
    assert_string_equal(kafka.steps, "commit commit commit commit ");
    mr_background_abort(&steps);
    assert_string_equal(steps.waits, ""); /* the next step has not waited */
}

static void a_stopped_one_reports_no_step_and_takes_none_again(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_AGAIN});
    commit();
    run();
    mr_background_stop(&steps); /* between two tries */
    pass(1000);
    mr_background_abort(&steps);
    pass(1000);
    assert_string_equal(kafka.steps, "commit ");
    assert_string_equal(over, "");
}

static void a_step_under_way_when_it_stops_is_not_reported(void **state)
{
    (void)state;
    commit();
    mr_background_stop(&steps);
    run();
    assert_string_equal(kafka.steps, "commit ");
    assert_string_equal(over, "");
    assert_int_equal(stirred, 0);
}

static void a_commit_is_in_doubt_until_its_outcome_is_known(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_FATAL, .why = "broken"});
    commit();
    run();
    assert_string_equal(over, "commit=fatal ");
    assert_string_equal(steps.waits, "broken");
    assert_true(mr_background_doubt(&steps));
    mr_background_open(&steps);
    run();
    assert_true(mr_background_doubt(&steps)); /* another producer decides nothing */
    kafka.latest_done = true;
    mr_background_ask(&steps);
    run();
    assert_string_equal(over, "commit=fatal open=done ask=done ");
    assert_true(end.committed);
    assert_false(mr_background_doubt(&steps));
}

static void a_commit_that_failed_is_decided_by_its_abort(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_ABORT});
    commit();
    run();
    assert_string_equal(over, "commit=abort ");
    assert_true(mr_background_doubt(&steps));
    mr_background_abort(&steps);
    run();
    assert_false(mr_background_doubt(&steps));
}

static void a_commit_that_kafka_was_not_asked_for_is_forgotten(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_ABORT});
    commit();
    run();
    mr_background_forget(&steps);
    assert_false(mr_background_doubt(&steps));
    assert_int_equal(kafka.offset_lists, 0);
}

static void wait_for_records(uint64_t patience)
{
    steps.patience = patience;
    step_ends(MR_STEPS_COMMIT, 100000,
              (struct mr_step_end){.step = MR_STEP_AGAIN, .unacknowledged = true, .how = MR_SENT});
    commit();
    run();
}

static void a_commit_waits_for_its_records_no_longer_than_its_patience(void **state)
{
    (void)state;
    wait_for_records(500);
    pass(480);
    assert_string_equal(over, "");
    pass(40);
    assert_string_equal(over, "commit=abort ");
    assert_int_equal(end.how, MR_SENT_BACK);
    assert_true(end.unacknowledged);
}

static void without_patience_a_commit_waits_for_its_records_without_end(void **state)
{
    (void)state;
    wait_for_records(0);
    pass(60000);
    assert_string_equal(over, "");
}

/* It may be done already. */
static void a_commit_that_kafka_was_asked_for_is_waited_for_without_end(void **state)
{
    (void)state;
    steps.patience = 500;
    step_ends(MR_STEPS_COMMIT, 100000, (struct mr_step_end){.step = MR_STEP_AGAIN});
    commit();
    run();
    pass(60000);
    assert_string_equal(over, "");
}

/* Returns after how many ms the step has failed for good; 0 if it has not within a minute. */
static uint64_t fails_after(enum mr_background_kind kind, void (*step)(struct mr_background *))
{
    step_ends(kind, 100000, (struct mr_step_end){.step = MR_STEP_AGAIN, .why = "waits"});
    uint64_t from = kafka.now;
    step(&steps);
    run();
    while (over[0] == '\0' && kafka.now < from + 60000)
        pass(10);
    assert_true(over[0] == '\0' || end.step == MR_STEP_FATAL);
    return over[0] == '\0' ? 0 : kafka.now - from;
}

static void an_abort_that_takes_too_long_fails_for_good(void **state)
{
    (void)state;
    assert_in_range(fails_after(MR_STEPS_ABORT, mr_background_abort), 4000, 4030);
    assert_true(steps.late);
}

static void a_question_that_takes_too_long_fails_for_good(void **state)
{
    (void)state;
    assert_in_range(fails_after(MR_STEPS_ASK, mr_background_ask), 10000, 10030);
    assert_false(steps.late);
}

static void an_id_that_cannot_be_opened_for_long_fails_for_good(void **state)
{
    (void)state;
    steps.patience = 4000;
    assert_in_range(fails_after(MR_STEPS_OPEN, mr_background_open), 5000, 5030);
    assert_true(steps.late);
}

static void while_no_broker_answers_opening_waits_without_end(void **state)
{
    (void)state;
    steps.patience = 0;
    assert_int_equal(fails_after(MR_STEPS_OPEN, mr_background_open), 0);
}

/* Another id would not end the transaction whose outcome is asked for. */
static void while_a_commit_is_in_doubt_opening_waits_without_end(void **state)
{
    (void)state;
    steps.patience = 4000;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_FATAL});
    commit();
    run();
    over[0] = '\0';
    assert_int_equal(fails_after(MR_STEPS_OPEN, mr_background_open), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_step_is_taken_on_the_pool_and_its_end_comes_to_the_loop),
        TEST(a_commit_has_the_offset_after_the_last_job_of_each_partition),
        TEST(a_step_that_is_not_finished_is_taken_again_after_a_moment),
        TEST(a_stopped_one_reports_no_step_and_takes_none_again),
        TEST(a_step_under_way_when_it_stops_is_not_reported),
        TEST(a_commit_is_in_doubt_until_its_outcome_is_known),
        TEST(a_commit_that_failed_is_decided_by_its_abort),
        TEST(a_commit_that_kafka_was_not_asked_for_is_forgotten),
        TEST(a_commit_waits_for_its_records_no_longer_than_its_patience),
        TEST(without_patience_a_commit_waits_for_its_records_without_end),
        TEST(a_commit_that_kafka_was_asked_for_is_waited_for_without_end),
        TEST(an_abort_that_takes_too_long_fails_for_good),
        TEST(a_question_that_takes_too_long_fails_for_good),
        TEST(an_id_that_cannot_be_opened_for_long_fails_for_good),
        TEST(while_no_broker_answers_opening_waits_without_end),
        TEST(while_a_commit_is_in_doubt_opening_waits_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
