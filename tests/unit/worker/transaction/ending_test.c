/* How a transaction ends, and what becomes of its jobs. */
#include "transaction_world.h"

static void a_commit_makes_records_and_offsets_visible_and_its_jobs_leave(void **state)
{
    (void)state;
    handle("abc", 0, "out");
    handle("d", 1, "out");
    turn();
    assert_string_equal(kafka.visible, "");
    pass(50);
    assert_string_equal(kafka.visible, "abcd");
    assert_non_null(strstr(kafka.offsets, "in/0=3 "));
    assert_non_null(strstr(kafka.offsets, "in/1=1 "));
    assert_int_equal(strlen(world.committed), 4);
    assert_non_null(strstr(world.committed, "abc"));
    assert_int_equal(mr_cell_get(&world.slot->counters[MR_MESSAGES_SENT]), 4);
    assert_string_equal(kafka.steps, "open commit ");
}

static void a_job_whose_record_is_refused_fails_alone_and_the_others_enter_the_next(void **state)
{
    (void)state;
    kafka.refuses.topic = "out";
    kafka.refuses.letter = 'b';
    kafka.refuses.how = MR_SENT_REFUSED;
    take('a', 0), take('b', 0);
    send_to('a', "out"), send_to('b', "out");
    finish('a'), finish('b');
    handle("c", 1, "out");
    turn();
    assert_string_equal(world.refused, "b");
    assert_int_equal(world.how, MR_SENT_REFUSED);
    assert_string_equal(world.why, "refused by the broker");
    assert_string_equal(world.topic, "out");
    assert_int_equal(job_of('b')->state, MR_JOB_DELIVERING);
    assert_null(job_of('b')->held);
    pass(60);
    assert_int_equal(strlen(kafka.visible), 2);
    assert_non_null(strchr(kafka.visible, 'a'));
    assert_non_null(strchr(kafka.visible, 'c'));
    assert_non_null(strstr(kafka.offsets, "in/0=1 "));
    assert_null(strstr(kafka.offsets, "in/0=2 "));
}

/* Its dead letter, in place of the record. */
static void a_job_that_failed_is_committed_with_what_it_holds_then_and_those_behind_it(void **state)
{
    (void)state;
    kafka.refuses.topic = "out";
    kafka.refuses.letter = 'a';
    kafka.refuses.how = MR_SENT_REFUSED;
    handle("ab", 0, "out");
    pass(100);
    assert_string_equal(world.refused, "a");
    assert_string_equal(kafka.visible, "");
    send_to('a', "dead");
    finish('a');
    pass(60);
    assert_string_equal(kafka.visible, "ab");
    assert_string_equal(world.committed, "ab");
    assert_string_equal(world.refused, "a");
}

static void a_commit_that_is_refused_is_aborted_and_its_jobs_are_tried_one_by_one(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 2,
              (struct mr_step_end){.step = MR_STEP_ABORT, .how = MR_SENT_REFUSED, .why = "no"});
    handle("abc", 0, "out");
    pass(500);
    assert_string_equal(world.refused, "a");
    assert_string_equal(world.why, "no");
    finish('a');
    pass(500);
    assert_string_equal(kafka.visible, "bc");
    assert_string_equal(world.committed, "abc");
}

/* Kafka was asked to commit, and nobody knows what it did. */
static void a_commit_of_unknown_outcome_that_was_done_is_asked_for_and_not_repeated(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_ABORT, .unclear = true});
    kafka.script[MR_STEPS_COMMIT].done = true;
    handle("ab", 0, "out");
    pass(200);
    assert_string_equal(kafka.steps, "open commit open ask ");
    assert_string_equal(kafka.visible, "ab");
    assert_string_equal(world.committed, "ab");
    handle("c", 0, "out");
    pass(60);
    assert_string_equal(kafka.visible, "abc");
}

static void a_commit_of_unknown_outcome_that_was_not_done_is_made_by_the_next(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_ABORT, .unclear = true});
    handle("ab", 0, "out");
    pass(200);
    assert_string_equal(kafka.steps, "open commit open ask commit ");
    assert_string_equal(kafka.visible, "ab");
    assert_string_equal(world.committed, "ab");
}

static void a_producer_that_fails_in_its_commit_is_replaced_and_the_outcome_asked_for(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_FATAL, .why = "broken"});
    kafka.script[MR_STEPS_COMMIT].done = true;
    handle("ab", 0, "out");
    pass(200);
    assert_string_equal(kafka.steps, "open commit open ask ");
    assert_string_equal(world.committed, "ab");
    assert_string_equal(kafka.visible, "ab");
}

/* It may arrive late, and end the transaction that is open then. */
static void after_a_request_without_an_answer_another_producer_has_the_next(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_DONE, .unclear = true});
    handle("a", 0, "out");
    pass(60);
    handle("b", 0, "out");
    pass(200);
    assert_string_equal(kafka.visible, "ab");
    assert_string_equal(kafka.steps, "open commit open commit ");
    assert_int_equal(kafka.made, 2);
    assert_string_equal(kafka.producers[1].id, kafka.producers[0].id);
}

static void a_fenced_producer_ends_all_transactions_and_their_jobs_are_dropped(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1,
              (struct mr_step_end){.step = MR_STEP_FATAL, .fenced = true, .why = "fenced"});
    handle("ab", 0, "out");
    pass(60);
    assert_int_equal(world.failures, 1);
    assert_true(world.fenced);
    assert_string_equal(world.failure, "fenced");
    assert_string_equal(world.dropped, "ab");
    handle("c", 1, "out");
    pass(1000);
    assert_string_equal(world.dropped, "abc");
    assert_string_equal(world.committed, "");
    assert_string_equal(kafka.visible, "");
    assert_int_equal(kafka.made, 1);
}

/* The broker aborts an old transaction, and fences its producer for that. */
static void a_producer_that_is_fenced_for_its_age_is_replaced(void **state)
{
    (void)state;
    mr_transaction_reachable(world.transaction, false); /* the commit waits without end */
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_AGAIN, .why = "waits"});
    handle("a", 0, "out");
    pass(60);
    kafka.now += FAKE_TIMEOUT_MS;
    step_ends(MR_STEPS_COMMIT, 1,
              (struct mr_step_end){.step = MR_STEP_FATAL, .fenced = true, .why = "fenced"});
    pass(200);
    assert_int_equal(world.failures, 0);
    assert_int_equal(kafka.made, 2);
    assert_string_equal(world.committed, "a");
    assert_string_equal(kafka.visible, "a");
}

static unsigned count_of(const char *step)
{
    unsigned count = 0;
    for (const char *at = kafka.steps; (at = strstr(at, step)) != NULL; at += strlen(step))
        count++;
    return count;
}

/* Returns after how many ms the transaction is aborted next. */
static uint64_t next_abort(void)
{
    uint64_t from = kafka.now;
    unsigned before = count_of("abort ");
    while (count_of("abort ") == before && kafka.now < from + 10000)
        pass(10);
    return kafka.now - from;
}

/* Each transaction is open for 50 ms. */
static void aborts_in_a_row_for_which_nothing_is_to_blame_rest_longer_and_longer(void **state)
{
    static const uint64_t rests[] = {0, 0, 50, 100, 200, 400, 800, 1000, 1000};
    (void)state;
    step_ends(MR_STEPS_COMMIT, 9,
              (struct mr_step_end){.step = MR_STEP_ABORT, .how = MR_SENT_BACK, .why = "no"});
    handle("a", 0, "out");
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++)
        assert_in_range(next_abort(), rests[i] + 50, rests[i] + 70);
    assert_string_equal(kafka.visible, "");
    pass(1100);
    assert_string_equal(kafka.visible, "a");
    assert_string_equal(world.committed, "a");
    step_ends(MR_STEPS_COMMIT, 2,
              (struct mr_step_end){.step = MR_STEP_ABORT, .how = MR_SENT_BACK, .why = "no"});
    handle("b", 0, "out");
    next_abort();
    assert_in_range(next_abort(), 50, 70); /* after a commit they are in no row */
}

/* A topic without a leader keeps nobody out but those that write to it. */
static void jobs_whose_output_does_not_acknowledge_stay_out_until_it_does(void **state)
{
    (void)state;
    kafka.silent = "stalled";
    kafka.led = MR_LED_NOT;
    handle("a", 0, "stalled");
    handle("b", 1, "out");
    pass(3900);
    assert_string_equal(kafka.visible, "");
    pass(1000);
    assert_string_equal(kafka.visible, "b");
    assert_string_equal(world.committed, "b");
    handle("c", 1, "out");
    pass(100);
    assert_string_equal(kafka.visible, "bc");
    kafka.silent = NULL;
    kafka.led = MR_LED_WELL;
    pass(3000);
    assert_string_equal(kafka.visible, "bca");
    assert_string_equal(world.committed, "bca");
    assert_non_null(strstr(kafka.log, "output_stalled "));
    assert_non_null(strstr(kafka.log, "output_resumed "));
}

/* Kafka cannot end the transaction of that id before the leader is back. */
static void a_transaction_that_waited_for_an_output_topic_leaves_its_id(void **state)
{
    (void)state;
    kafka.silent = "stalled";
    kafka.led = MR_LED_NOT;
    handle("a", 0, "stalled");
    pass(5000);
    assert_int_equal(kafka.made, 2);
    assert_string_not_equal(kafka.producers[1].id, kafka.producers[0].id);
}

static void an_abort_that_takes_too_long_is_left_to_a_producer_with_another_id(void **state)
{
    (void)state;
    step_ends(MR_STEPS_ABORT, 100000, (struct mr_step_end){.step = MR_STEP_AGAIN, .why = "waits"});
    kafka.refuses.topic = "out";
    kafka.refuses.letter = 'a';
    kafka.refuses.how = MR_SENT_REFUSED;
    handle("a", 0, "out");
    handle("b", 1, "out");
    pass(3900);
    assert_int_equal(kafka.made, 1);
    pass(400);
    assert_int_equal(kafka.made, 2);
    assert_string_not_equal(kafka.producers[1].id, kafka.producers[0].id);
    assert_string_equal(world.refused, "a");
    assert_string_equal(kafka.visible, "b");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_commit_makes_records_and_offsets_visible_and_its_jobs_leave),
        TEST(a_job_whose_record_is_refused_fails_alone_and_the_others_enter_the_next),
        TEST(a_job_that_failed_is_committed_with_what_it_holds_then_and_those_behind_it),
        TEST(a_commit_that_is_refused_is_aborted_and_its_jobs_are_tried_one_by_one),
        TEST(a_commit_of_unknown_outcome_that_was_done_is_asked_for_and_not_repeated),
        TEST(a_commit_of_unknown_outcome_that_was_not_done_is_made_by_the_next),
        TEST(a_producer_that_fails_in_its_commit_is_replaced_and_the_outcome_asked_for),
        TEST(after_a_request_without_an_answer_another_producer_has_the_next),
        TEST(a_fenced_producer_ends_all_transactions_and_their_jobs_are_dropped),
        TEST(a_producer_that_is_fenced_for_its_age_is_replaced),
        TEST(aborts_in_a_row_for_which_nothing_is_to_blame_rest_longer_and_longer),
        TEST(jobs_whose_output_does_not_acknowledge_stay_out_until_it_does),
        TEST(a_transaction_that_waited_for_an_output_topic_leaves_its_id),
        TEST(an_abort_that_takes_too_long_is_left_to_a_producer_with_another_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
