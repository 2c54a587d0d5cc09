#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/transaction/trouble.h"

static struct mr_trouble trouble;

static int tear_down(void **state)
{
    (void)state;
    mr_trouble_free(&trouble);
    return 0;
}

/* Looks each second from `from` on; gives the time at which the topic is to be tried, 0 if not
 * until `to`. */
static uint64_t tried(uint64_t from, uint64_t to, enum mr_led how)
{
    for (uint64_t now = from; now <= to; now += 1000) {
        if (mr_trouble_unseen(&trouble, now) != NULL)
            mr_trouble_seen(&trouble, "away", how, now);
        if (mr_trouble_due(&trouble))
            return now;
    }
    return 0;
}

static void a_topic_without_a_leader_is_not_tried_until_it_has_one(void **state)
{
    (void)state;
    mr_trouble_add(&trouble, "away", 0);
    assert_int_equal(tried(1000, 3600000, MR_LED_NOT), 0);
    assert_int_equal(tried(3601000, 3700000, MR_LED_WELL), 3601000);
}

static void one_that_is_whole_again_is_tried_at_once_however_long_it_waited(void **state)
{
    (void)state;
    for (uint64_t now = 0; now < 10; now++)
        mr_trouble_add(&trouble, "away", now);
    assert_int_equal(tried(2000, 10000, MR_LED_BARELY), 0);
    assert_int_equal(tried(11000, 70000, MR_LED_WELL), 11000);
}

/* The times between tries of a topic that is always found so. */
static void assert_waits(enum mr_led how, const uint64_t *waits, size_t count)
{
    uint64_t now = 0;
    for (size_t i = 0; i < count; i++) {
        mr_trouble_add(&trouble, "away", now);
        assert_false(mr_trouble_due(&trouble));
        assert_int_equal(tried(now + 1000, now + 100000, how), now + waits[i]);
        now += waits[i];
    }
}

static void one_that_is_whole_and_fails_is_tried_every_ten_seconds_in_the_end(void **state)
{
    (void)state;
    assert_waits(MR_LED_WELL, (uint64_t[]){1000, 2000, 4000, 8000, 10000, 10000}, 6);
}

static void one_that_is_not_there_is_tried_which_tells(void **state)
{
    (void)state;
    mr_trouble_add(&trouble, "away", 0);
    assert_false(mr_trouble_misses(&trouble, "away"));
    assert_int_equal(tried(1000, 10000, MR_LED_NO_TOPIC), 1000);
    assert_true(mr_trouble_misses(&trouble, "away"));
}

static void one_that_lacks_replicas_is_tried_every_minute_in_the_end(void **state)
{
    (void)state;
    assert_waits(MR_LED_BARELY, (uint64_t[]){1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000},
                 8);
}

static void one_after_the_other_is_looked_at(void **state)
{
    (void)state;
    mr_trouble_add(&trouble, "a", 0);
    mr_trouble_add(&trouble, "b", 10);
    assert_null(mr_trouble_unseen(&trouble, 999));
    assert_int_equal(mr_trouble_next(&trouble), 1000);
    assert_string_equal(mr_trouble_unseen(&trouble, 1010), "a");
    mr_trouble_seen(&trouble, "a", MR_LED_NOT, 1010);
    assert_string_equal(mr_trouble_unseen(&trouble, 1010), "b");
    mr_trouble_end(&trouble, "b");
    mr_trouble_seen(&trouble, "b", MR_LED_WELL, 1010); /* an answer that comes late */
    assert_null(mr_trouble_unseen(&trouble, 1010));
    assert_int_equal(mr_trouble_next(&trouble), 2010);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_topic_without_a_leader_is_not_tried_until_it_has_one),
        TEST(one_that_is_whole_again_is_tried_at_once_however_long_it_waited),
        TEST(one_that_is_whole_and_fails_is_tried_every_ten_seconds_in_the_end),
        TEST(one_that_is_not_there_is_tried_which_tells),
        TEST(one_that_lacks_replicas_is_tried_every_minute_in_the_end),
        TEST(one_after_the_other_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
