/* How long a topic is doubted, by what brokers show of it; asked on the pool, the time is ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/record.h"
#include "kafka/cluster.h"
#include "worker/producer/doubts.h"

static struct {
    uint64_t now; /* ms */
    int32_t shown;
    size_t asked, answered;
} world;

uint64_t __wrap_mr_clock_ms(void);
uint64_t __wrap_mr_clock_ms(void)
{
    return world.now;
}

/* Called on a thread of the pool, while the loop waits for it. */
int32_t __wrap_mr_cluster_topic(const struct mr_producer *via, const char *topic, int timeout,
                                char *why, size_t size);
int32_t __wrap_mr_cluster_topic(const struct mr_producer *via, const char *topic, int timeout,
                                char *why, size_t size)
{
    (void)via, (void)timeout, (void)why, (void)size;
    assert_string_equal(topic, "replies");
    world.asked++;
    return world.shown;
}

void __wrap_mr_log_write(enum mr_log_level level, const char *event,
                         const struct mr_log_field *fields);
void __wrap_mr_log_write(enum mr_log_level level, const char *event,
                         const struct mr_log_field *fields)
{
    (void)fields;
    assert_int_equal(level, MR_LOG_WARN);
    assert_string_equal(event, "topic_doubted");
}

static uv_loop_t loop;
static struct mr_timers timers;
static struct mr_topic_warmup warmup;
static struct mr_doubts doubts;

static void on_answered(void *data)
{
    assert_ptr_equal(data, &doubts);
    world.answered++;
}

static int set_up(void **state)
{
    (void)state;
    memset(&world, 0, sizeof(world));
    world.now = 100000;
    uv_loop_init(&loop);
    mr_topic_warmup_start(&warmup, &loop, NULL);
    mr_topic_warmup_open(&warmup, true);
    mr_doubts_start(&doubts, &warmup, &timers, on_answered, &doubts);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    uv_run(&loop, UV_RUN_DEFAULT);
    mr_doubts_free(&doubts);
    mr_topic_warmup_free(&warmup);
    assert_false(mr_timers_next(&timers, &(uint64_t){0}));
    mr_timers_free(&timers);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

/* Brokers show that many partitions for so long. */
static void pass(uint64_t ms, int32_t shown)
{
    world.shown = shown;
    for (uint64_t end = world.now + ms; world.now < end; world.now += 50) {
        uv_run(&loop, UV_RUN_DEFAULT);
        mr_timers_run(&timers, world.now);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
}

static enum mr_doubt doubt_of(int32_t partition)
{
    return mr_doubts_of(&doubts, "replies", partition);
}

/* Brokers show that many partitions meanwhile. */
static bool raise_doubt(int32_t partition, int32_t shown)
{
    world.shown = shown;
    return mr_doubts_raise(&doubts, "replies", partition);
}

static void a_topic_is_doubted_until_a_broker_shows_it(void **state)
{
    (void)state;
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_NONE);
    assert_true(raise_doubt(MR_PARTITION_ANY, 0));
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_WAITS);
    pass(MR_DOUBT_TOPIC_MS - 200, 0);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_WAITS);
    pass(100, 2);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_NONE);
    assert_int_equal(doubts.open, 0);
    assert_true(world.answered > 10 && world.answered == world.asked);
}

static void one_that_none_shows_for_long_enough_is_not_there(void **state)
{
    (void)state;
    raise_doubt(MR_PARTITION_ANY, 0);
    pass(MR_DOUBT_TOPIC_MS + 200, 0);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_CONFIRMED);
    assert_false(raise_doubt(MR_PARTITION_ANY, 0));
    assert_int_equal(doubts.open, 0);
}

static void after_a_second_it_is_asked_for_once_more(void **state)
{
    (void)state;
    raise_doubt(MR_PARTITION_ANY, 0);
    pass(MR_DOUBT_TOPIC_MS + 200, 0);
    size_t asked = world.asked;
    pass(1100, 0);
    assert_int_equal(world.asked, asked);
    assert_true(raise_doubt(MR_PARTITION_ANY, 0));
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_WAITS);
    pass(50, 0);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_CONFIRMED);
    assert_int_equal(world.asked, asked + 1);
}

static void what_was_learned_long_ago_counts_no_more(void **state)
{
    (void)state;
    raise_doubt(MR_PARTITION_ANY, 0);
    pass(MR_DOUBT_TOPIC_MS + 200, 0);
    pass(MR_DOUBT_TOPIC_MS + 200, 0);
    assert_true(raise_doubt(MR_PARTITION_ANY, 0));
    pass(MR_DOUBT_TOPIC_MS - 200, 0);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_WAITS);
}

static void one_broker_that_does_not_show_it_confirms_nothing_while_another_does(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_true(raise_doubt(MR_PARTITION_ANY, 0));
        pass(500, 0);
        assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_WAITS);
        pass(100, 3);
        assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_NONE);
    }
}

static void
a_partition_beyond_those_that_are_shown_is_confirmed_sooner_and_harms_no_other(void **state)
{
    (void)state;
    raise_doubt(9, 3);
    pass(50, 3);
    assert_int_equal(doubt_of(9), MR_DOUBT_WAITS);
    assert_int_equal(doubt_of(2), MR_DOUBT_NONE);
    raise_doubt(9, 3);
    assert_int_equal(doubt_of(2), MR_DOUBT_NONE);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_NONE);
    pass(MR_DOUBT_PARTITION_MS + 200, 3);
    assert_int_equal(doubt_of(9), MR_DOUBT_CONFIRMED);
}

static void a_partition_that_is_shown_later_is_there(void **state)
{
    (void)state;
    raise_doubt(9, 3);
    pass(MR_DOUBT_PARTITION_MS - 200, 3);
    pass(150, 10);
    assert_int_equal(doubt_of(9), MR_DOUBT_NONE);
    assert_int_equal(doubts.open, 0);
}

static void no_answer_confirms_nothing(void **state)
{
    (void)state;
    raise_doubt(MR_PARTITION_ANY, MR_CLUSTER_FAILED);
    pass(60000, MR_CLUSTER_FAILED);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_WAITS);
    mr_topic_warmup_open(&warmup, false);
    size_t asked = world.asked;
    pass(60000, 0);
    assert_int_equal(world.asked, asked);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_WAITS);
    mr_topic_warmup_open(&warmup, true);
    pass(150, 1);
    assert_int_equal(doubt_of(MR_PARTITION_ANY), MR_DOUBT_NONE);
}

static void an_error_of_the_topic_ends_the_doubt(void **state)
{
    static const int32_t errors[] = {MR_CLUSTER_DENIED, MR_CLUSTER_IMPOSSIBLE};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        raise_doubt(9, errors[i]);
        pass(50, errors[i]);
        assert_int_equal(doubt_of(9), MR_DOUBT_NONE);
    }
}

static void what_is_stopped_between_two_questions_does_not_ask_the_next(void **state)
{
    (void)state;
    raise_doubt(MR_PARTITION_ANY, 0);
    pass(50, 0);
    assert_int_equal(world.asked, 1);
    mr_doubts_stop(&doubts);
    pass(1000, 0);
    assert_int_equal(world.asked, 1);
}

static void what_is_stopped_asks_nothing_and_doubts_nothing(void **state)
{
    (void)state;
    raise_doubt(MR_PARTITION_ANY, 0);
    mr_doubts_stop(&doubts);
    pass(1000, 0);
    assert_int_equal(world.answered, 0);
    assert_false(raise_doubt(MR_PARTITION_ANY, 0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_topic_is_doubted_until_a_broker_shows_it),
        TEST(one_that_none_shows_for_long_enough_is_not_there),
        TEST(after_a_second_it_is_asked_for_once_more),
        TEST(what_was_learned_long_ago_counts_no_more),
        TEST(one_broker_that_does_not_show_it_confirms_nothing_while_another_does),
        TEST(a_partition_beyond_those_that_are_shown_is_confirmed_sooner_and_harms_no_other),
        TEST(a_partition_that_is_shown_later_is_there),
        TEST(no_answer_confirms_nothing),
        TEST(an_error_of_the_topic_ends_the_doubt),
        TEST(what_is_stopped_between_two_questions_does_not_ask_the_next),
        TEST(what_is_stopped_asks_nothing_and_doubts_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
