/* Which finished jobs enter a transaction, and which are dropped. */
#include "transaction_world.h"

static int set_up_small(void **state)
{
    (void)state;
    make_world("2");
    open_transactions();
    return 0;
}

static void a_job_waits_for_those_before_it_in_its_partition_alone(void **state)
{
    (void)state;
    take('a', 0), take('b', 0), take('c', 1);
    send_to('b', "out"), send_to('c', "out");
    finish('b'), finish('c');
    pass(60);
    assert_string_equal(kafka.visible, "c");
    send_to('a', "out");
    finish('a');
    pass(60);
    assert_string_equal(kafka.visible, "cab");
    assert_string_equal(world.committed, "cab");
}

static void records_are_not_sent_before_their_job_enters(void **state)
{
    (void)state;
    take('a', 0);
    send_to('a', "out");
    pass(60);
    assert_string_equal(kafka.sent, "");
    finish('a');
    assert_string_equal(kafka.sent, "a");
}

static void a_full_transaction_takes_no_more_and_is_committed_at_once(void **state)
{
    (void)state;
    handle("abc", 0, "out");
    handle("d", 1, "out");
    assert_string_equal(kafka.sent, "ab");
    turn(); /* no time passes */
    assert_string_equal(kafka.visible, "abcd");
    assert_string_equal(kafka.steps, "open commit commit ");
}

static void jobs_that_finish_during_a_commit_enter_the_next(void **state)
{
    (void)state;
    step_ends(MR_STEPS_COMMIT, 1, (struct mr_step_end){.step = MR_STEP_AGAIN, .why = "waits"});
    handle("a", 0, "out");
    kafka.now += 50;
    turn();
    handle("bc", 0, "out");
    assert_string_equal(kafka.sent, "a");
    kafka.now += 20;
    mr_timers_run(&world.timers, kafka.now);
    turn();
    assert_string_equal(kafka.visible, "a");
    assert_string_equal(kafka.sent, "abc");
    pass(60);
    assert_string_equal(kafka.visible, "abc");
}

static void jobs_that_finish_before_the_first_transaction_is_open_enter_it(void **state)
{
    struct mr_errors errors = {0};
    (void)state;
    assert_int_equal(mr_transaction_want(world.transaction, &errors), 0);
    handle("ab", 0, "out");
    assert_string_equal(kafka.sent, "");
    turn();
    assert_string_equal(kafka.sent, "ab");
    pass(60);
    assert_string_equal(kafka.visible, "ab");
}

static void jobs_of_a_revoked_partition_are_dropped_and_others_committed(void **state)
{
    (void)state;
    handle("ab", 0, "out");
    handle("c", 1, "out");
    take('d', 0), take('e', 0);
    send_to('e', "out");
    finish('e');
    mr_tenure_become(&world.partitions[0].tenure, MR_TENURE_REVOKED);
    mr_transaction_revoked(world.transaction);
    pass(60);
    assert_string_equal(world.dropped, "ab"); /* d is still at work */
    assert_string_equal(kafka.visible, "c");
    assert_string_equal(kafka.offsets, "in/1=1 ");
    finish('d');
    assert_string_equal(world.dropped, "abde");
    pass(60);
    assert_string_equal(world.committed, "c");
}

static void no_job_behind_an_abandoned_one_is_committed(void **state)
{
    (void)state;
    take('a', 0), take('b', 0), take('c', 0);
    for (char letter = 'a'; letter <= 'c'; letter++)
        send_to(letter, "out");
    mr_job_become(job_of('b'), MR_JOB_ABANDONED, NULL);
    finish('c'), finish('b'), finish('a');
    pass(60);
    assert_string_equal(world.committed, "a");
    assert_string_equal(world.dropped, "bc");
    assert_string_equal(kafka.visible, "a");
    assert_string_equal(kafka.offsets, "in/0=1 ");
}

static void an_abandoned_worker_drops_every_job_now_or_when_it_is_finished(void **state)
{
    (void)state;
    handle("ab", 0, "out");
    take('c', 0);
    send_to('c', "out");
    mr_transaction_abandon(world.transaction);
    assert_string_equal(world.dropped, "ab");
    finish('c');
    assert_string_equal(world.dropped, "abc");
    pass(1000);
    assert_string_equal(kafka.visible, "");
    assert_string_equal(kafka.steps, "open ");
}

static void put_in_trouble(const char *topic)
{
    mr_trouble_add(&world.transaction->trouble, topic, kafka.now);
}

static void of_jobs_in_trouble_a_probe_has_one_per_partition_and_no_other_job(void **state)
{
    (void)state;
    kafka.led = MR_LED_NOT;
    put_in_trouble("stalled");
    handle("ab", 0, "stalled");
    handle("c", 1, "stalled");
    pass(1500);
    assert_string_equal(kafka.sent, "");
    kafka.led = MR_LED_WELL;
    kafka.silent = "stalled";
    pass(400);
    assert_string_equal(kafka.sent, ""); /* it is looked at once a second */
    pass(200);
    assert_true(strcmp(kafka.sent, "ac") == 0 || strcmp(kafka.sent, "ca") == 0);
}

/* The second topic is due when the first one has been tried. */
static void between_two_probes_other_jobs_have_a_transaction(void **state)
{
    (void)state;
    kafka.silent = "stalled";
    put_in_trouble("stalled-1");
    handle("a", 0, "stalled-1");
    pass(500);
    put_in_trouble("stalled-2");
    handle("b", 1, "stalled-2");
    pass(600);
    assert_string_equal(kafka.sent, "a"); /* the first probe is under way */
    handle("c", 2, "out");
    pass(1300);
    assert_string_equal(kafka.visible, "c");
    assert_string_equal(kafka.sent, "acb");
    kafka.silent = NULL;
    pass(5000);
    assert_int_equal(strlen(kafka.visible), 3);
    assert_int_equal(strlen(world.committed), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_job_waits_for_those_before_it_in_its_partition_alone),
        TEST(records_are_not_sent_before_their_job_enters),
        cmocka_unit_test_setup_teardown(a_full_transaction_takes_no_more_and_is_committed_at_once,
                                        set_up_small, tear_down),
        TEST(jobs_that_finish_during_a_commit_enter_the_next),
        cmocka_unit_test_setup_teardown(
            jobs_that_finish_before_the_first_transaction_is_open_enter_it, set_up_unopened,
            tear_down),
        TEST(jobs_of_a_revoked_partition_are_dropped_and_others_committed),
        TEST(no_job_behind_an_abandoned_one_is_committed),
        TEST(an_abandoned_worker_drops_every_job_now_or_when_it_is_finished),
        TEST(of_jobs_in_trouble_a_probe_has_one_per_partition_and_no_other_job),
        TEST(between_two_probes_other_jobs_have_a_transaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
