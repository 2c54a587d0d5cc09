/* The effects of each report of the producer. */
#include "transaction_world.h"

static uint64_t publishes(void)
{
    uint64_t count = 0;
    struct mr_histogram *histogram = &world.slot->histograms[MR_PUBLISH_DURATION];
    for (int i = 0; i <= MR_BUCKETS; i++)
        count += mr_cell_get(&histogram->buckets[i]);
    return count;
}

static void a_record_that_is_acknowledged_is_observed_with_the_time_since_it_was_sent(void **state)
{
    (void)state;
    handle("ab", 0, "out");
    kafka.now += 7;
    turn();
    assert_int_equal(publishes(), 2);
    assert_int_equal(mr_cell_get(&world.slot->histograms[MR_PUBLISH_DURATION].sum), 2 * 7000000);
    pass(100);
    assert_int_equal(publishes(), 2);
}

static void a_record_that_is_refused_is_not_observed(void **state)
{
    (void)state;
    kafka.refuses.topic = "out";
    kafka.refuses.how = MR_SENT_REFUSED;
    handle("a", 0, "out");
    turn();
    assert_int_equal(publishes(), 0);
    assert_string_equal(world.refused, "a");
}

/* The broker refuses all three for one of them. */
static void of_records_refused_together_each_is_sent_alone_and_only_one_is_refused(void **state)
{
    (void)state;
    kafka.refuses.topic = "out";
    kafka.refuses.letter = 'b';
    kafka.refuses.how = MR_SENT_REFUSED;
    kafka.refuses.batch = true;
    handle("abc", 0, "out");
    turn();
    assert_string_equal(world.refused, "");
    pass(500);
    assert_string_equal(world.refused, "b");
    assert_int_equal(world.how, MR_SENT_REFUSED);
    assert_string_equal(kafka.visible, "a");
    finish('b'); /* without its record */
    pass(500);
    assert_string_equal(kafka.visible, "ac");
    assert_string_equal(world.committed, "abc");
    assert_string_equal(world.refused, "b");
}

/* Its producer lacks the sequence numbers of the refused records. */
static void after_a_refused_batch_another_producer_has_the_next_transaction(void **state)
{
    (void)state;
    kafka.refuses.topic = "out";
    kafka.refuses.letter = 'a';
    kafka.refuses.how = MR_SENT_REFUSED;
    kafka.refuses.batch = true;
    handle("a", 0, "out");
    handle("b", 1, "else");
    pass(200);
    assert_string_equal(world.refused, "a");
    assert_string_equal(kafka.visible, "b");
    assert_int_equal(kafka.made, 2);
}

static void jobs_for_a_topic_in_doubt_wait_until_it_is_shown_and_others_do_not(void **state)
{
    (void)state;
    kafka.missing = "new";
    handle("a", 0, "new");
    handle("b", 1, "out");
    pass(MR_DOUBT_TOPIC_MS / 2);
    assert_string_equal(world.refused, "");
    assert_string_equal(world.committed, "b");
    kafka.missing = NULL;
    pass(300);
    assert_string_equal(kafka.visible, "ba");
    assert_string_equal(world.refused, "");
}

static void a_topic_that_nobody_shows_for_long_refuses_its_jobs(void **state)
{
    (void)state;
    kafka.missing = "new";
    handle("a", 0, "new");
    pass(MR_DOUBT_TOPIC_MS - 100);
    assert_string_equal(world.refused, "");
    pass(500);
    assert_string_equal(world.refused, "a");
    assert_int_equal(world.how, MR_SENT_NO_TOPIC);
}

static void a_topic_that_may_not_be_written_to_refuses_all_its_finished_jobs_at_once(void **state)
{
    (void)state;
    kafka.forbidden = "secret";
    handle("ab", 0, "secret");
    handle("c", 1, "out");
    turn();
    assert_string_equal(world.refused, "ab");
    assert_int_equal(world.how, MR_SENT_DENIED);
    assert_string_equal(world.why, "not allowed");
    pass(200);
    assert_string_equal(kafka.visible, "c");
    assert_string_equal(world.committed, "c");
}

static void trouble_of_the_producer_is_passed_on(void **state)
{
    (void)state;
    const struct mr_producer *producer = latest_producer();
    producer->events->troubled(producer->data, true, "all brokers are down");
    assert_int_equal(world.troubled, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_record_that_is_acknowledged_is_observed_with_the_time_since_it_was_sent),
        TEST(a_record_that_is_refused_is_not_observed),
        TEST(of_records_refused_together_each_is_sent_alone_and_only_one_is_refused),
        TEST(after_a_refused_batch_another_producer_has_the_next_transaction),
        TEST(jobs_for_a_topic_in_doubt_wait_until_it_is_shown_and_others_do_not),
        TEST(a_topic_that_nobody_shows_for_long_refuses_its_jobs),
        TEST(a_topic_that_may_not_be_written_to_refuses_all_its_finished_jobs_at_once),
        TEST(trouble_of_the_producer_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
