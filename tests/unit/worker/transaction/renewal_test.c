/* When and how the producer of the transactions is replaced. */
#include "transaction_world.h"

static const struct mr_step_end broken = {.step = MR_STEP_FATAL, .why = "broken"};

static void a_failure_in_a_row_is_followed_by_a_longer_rest_up_to_a_second(void **state)
{
    static const uint64_t rests[] = {0, 0, 50, 100, 200, 400, 800, 1000, 1000};
    (void)state;
    for (unsigned i = 0; i < sizeof(rests) / sizeof(rests[0]); i++)
        assert_int_equal(mr_transaction_rest_after(i), rests[i]);
    assert_int_equal(mr_transaction_rest_after(1000000), 1000);
}

static void the_first_producer_opens_the_first_transaction(void **state)
{
    (void)state;
    assert_int_equal(producers_shown(), 1);
    open_transactions();
    open_transactions(); /* further calls do nothing */
    assert_int_equal(kafka.made, 1);
    assert_int_equal(producers_shown(), 2);
    handle("a", 0, "out");
    pass(60);
    assert_string_equal(kafka.visible, "a");
}

static void where_the_first_producer_cannot_be_made_the_next_try_may_succeed(void **state)
{
    struct mr_errors errors = {0};
    (void)state;
    kafka.none_can_be_made = true;
    assert_int_equal(mr_transaction_want(world.transaction, &errors), -1);
    assert_non_null(strstr(mr_errors_text(&errors), "no such certificate"));
    mr_errors_free(&errors);
    assert_int_equal(producers_shown(), 1);
    kafka.none_can_be_made = false;
    open_transactions();
    assert_int_equal(producers_shown(), 2);
}

static void a_producer_that_fails_is_replaced_and_its_jobs_enter_the_next_transaction(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, broken);
    handle("ab", 0, "out");
    pass(60);
    assert_true(kafka.producers[0].freed);
    assert_string_equal(kafka.producers[1].id, kafka.producers[0].id);
    assert_int_equal(producers_shown(), 2);
    pass(60);
    assert_string_equal(kafka.visible, "ab");
    assert_string_equal(world.committed, "ab");
    assert_int_equal(world.failures, 0);
    assert_int_equal(producers_shown(), 2);
}

static void a_producer_that_fails_to_open_is_replaced_at_longer_and_longer_intervals(void **state)
{
    static const uint64_t rests[] = {50, 100, 200, 400, 800, 1000, 1000};
    (void)state;
    step_ends(MR_STEPS_OPEN, 9, broken);
    open_transactions();
    assert_int_equal(kafka.made, 2); /* the first failure is followed by no rest */
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        pass(rests[i] - 20);
        assert_int_equal(kafka.made, i + 2);
        pass(20);
        assert_int_equal(kafka.made, i + 3);
    }
    pass(1000);
    handle("a", 0, "out");
    pass(60);
    assert_string_equal(kafka.visible, "a");
    assert_int_equal(producers_shown(), 2);
    step_ends(MR_STEPS_COMMIT, 1, broken);
    size_t made = kafka.made;
    handle("b", 0, "out");
    pass(70);
    assert_int_equal(kafka.made, made + 1); /* after a commit, failures are in no row */
}

static void
a_producer_that_cannot_be_replaced_ends_all_transactions_and_counts_no_more(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, broken);
    handle("ab", 0, "out");
    kafka.none_can_be_made = true;
    pass(60);
    assert_int_equal(world.failures, 1);
    assert_false(world.fenced);
    assert_non_null(strstr(world.failure, "no such certificate"));
    assert_string_equal(world.dropped, "ab");
    assert_true(kafka.producers[0].freed);
    assert_int_equal(producers_shown(), 1); /* the outbox's */
    handle("c", 1, "out");
    pass(1000);
    assert_string_equal(world.dropped, "abc");
    assert_int_equal(world.failures, 1);
    assert_int_equal(producers_shown(), 1);
}

static void the_old_producer_stays_while_a_question_is_asked_through_it(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, broken);
    world.transaction->via.warmup.asking++;
    handle("a", 0, "out");
    pass(500);
    assert_int_equal(kafka.made, 1);
    assert_false(kafka.producers[0].freed);
    world.transaction->via.warmup.asking--;
    pass(30);
    assert_int_equal(kafka.made, 2);
    pass(60);
    assert_string_equal(kafka.visible, "a");
}

/* It would be asked through a producer that is about to be freed, or is freed. */
static void nothing_is_asked_from_the_failure_of_a_producer_until_there_is_another(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 2, broken);
    world.transaction->renewals = 1; /* so there is a rest */
    handle("a", 0, "out");
    pass(60);
    assert_int_equal(kafka.asked, 1);
    mr_transaction_reachable(world.transaction, false);
    mr_transaction_reachable(world.transaction, true);
    send_to('b', "new");
    turn();
    assert_int_equal(kafka.made, 1);
    assert_int_equal(kafka.asked, 1);
    pass(60);
    assert_int_equal(kafka.made, 2);
    send_to('b', "new");
    turn();
    assert_int_equal(kafka.asked, 2);
    kafka.none_can_be_made = true;
    pass(300);
    assert_int_equal(world.failures, 1);
    mr_transaction_reachable(world.transaction, true);
    send_to('b', "newer");
    turn();
    assert_int_equal(kafka.asked, 2);
}

static void records_that_waited_for_room_are_sent_by_the_new_producer_alone(void **state)
{
    (void)state;
    kafka.silent = "stalled"; /* so the room stays taken */
    kafka.room = 1;
    handle("ab", 0, "stalled");
    assert_string_equal(kafka.sent, "a");
    mr_transaction_become(world.transaction, MR_TRANSACTION_BUSY);
    mr_transaction_replace_failed(world.transaction, "broken");
    kafka.silent = NULL;
    kafka.room = FAKE_RECORDS;
    pass(100);
    assert_string_equal(kafka.visible, "ab");
    assert_string_equal(kafka.sent, "aab");
}

int main(void)
{
#define TEST(name)   cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define CLOSED(name) cmocka_unit_test_setup_teardown(name, set_up_unopened, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_failure_in_a_row_is_followed_by_a_longer_rest_up_to_a_second),
        CLOSED(the_first_producer_opens_the_first_transaction),
        CLOSED(where_the_first_producer_cannot_be_made_the_next_try_may_succeed),
        TEST(a_producer_that_fails_is_replaced_and_its_jobs_enter_the_next_transaction),
        CLOSED(a_producer_that_fails_to_open_is_replaced_at_longer_and_longer_intervals),
        TEST(a_producer_that_cannot_be_replaced_ends_all_transactions_and_counts_no_more),
        TEST(the_old_producer_stays_while_a_question_is_asked_through_it),
        TEST(nothing_is_asked_from_the_failure_of_a_producer_until_there_is_another),
        TEST(records_that_waited_for_room_are_sent_by_the_new_producer_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
