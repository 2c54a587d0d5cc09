/* For how long a topic gets its records one by one, and which one makes room for another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/producer/careful.h"

static struct mr_careful careful;

static int tear_down(void **state)
{
    (void)state;
    mr_careful_free(&careful);
    assert_false(mr_careful_has(&careful, "a"));
    return 0;
}

static void a_topic_is_listed_for_a_minute(void **state)
{
    char name[] = "a";
    (void)state;
    mr_careful_add(&careful, name, 1000);
    name[0] = 'x'; /* the name was borrowed */
    assert_true(mr_careful_has(&careful, "a"));
    assert_false(mr_careful_has(&careful, "b"));
    mr_careful_tick(&careful, 1000 + MR_CAREFUL_MS - 1);
    assert_true(mr_careful_has(&careful, "a"));
    mr_careful_tick(&careful, 1000 + MR_CAREFUL_MS);
    assert_false(mr_careful_has(&careful, "a"));
}

static void a_topic_of_which_a_batch_is_refused_again_has_its_minute_anew(void **state)
{
    (void)state;
    mr_careful_add(&careful, "a", 1000);
    mr_careful_add(&careful, "b", 1000);
    mr_careful_add(&careful, "a", 31000);
    mr_careful_tick(&careful, 1000 + MR_CAREFUL_MS);
    assert_true(mr_careful_has(&careful, "a"));
    assert_false(mr_careful_has(&careful, "b"));
    mr_careful_tick(&careful, 31000 + MR_CAREFUL_MS);
    assert_false(mr_careful_has(&careful, "a"));
}

static void in_a_full_list_the_topic_with_the_shortest_time_makes_room(void **state)
{
    char name[16];
    (void)state;
    for (int i = 0; i < MR_CAREFUL_TOPICS; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        mr_careful_add(&careful, name, (uint64_t)i);
    }
    mr_careful_add(&careful, "t0", 100); /* is listed, so it takes nobody's place */
    assert_true(mr_careful_has(&careful, "t1"));
    mr_careful_add(&careful, "another", 101);
    assert_false(mr_careful_has(&careful, "t1"));
    assert_true(mr_careful_has(&careful, "another"));
    for (int i = 2; i < MR_CAREFUL_TOPICS; i++) {
        snprintf(name, sizeof(name), "t%d", i);
        assert_true(mr_careful_has(&careful, name));
    }
    assert_true(mr_careful_has(&careful, "t0"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_topic_is_listed_for_a_minute),
        TEST(a_topic_of_which_a_batch_is_refused_again_has_its_minute_anew),
        TEST(in_a_full_list_the_topic_with_the_shortest_time_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
