#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/timers.h"
#include "seed.h"

enum { FEW = 8 };

struct world {
    struct mr_timers timers;
    struct mr_timer few[FEW];
    char fired[256]; /* their letters, in order */
};

static struct world *world;

static int set_up(void **state)
{
    *state = world = calloc(1, sizeof(*world));
    return 0;
}

static int tear_down(void **state)
{
    mr_timers_free(&world->timers);
    free(*state);
    return 0;
}

static char letter_of(const struct mr_timer *timer)
{
    return (char)('a' + (timer - world->few));
}

static void note(struct mr_timer *timer)
{
    world->fired[strlen(world->fired)] = letter_of(timer);
}

static void arm(char letter, uint64_t due)
{
    mr_timers_arm(&world->timers, &world->few[letter - 'a'], due, note);
}

static void cancel(char letter)
{
    mr_timers_cancel(&world->timers, &world->few[letter - 'a']);
}

static void nothing_is_due_where_nothing_is_armed(void **state)
{
    (void)state;
    uint64_t due = 7;
    assert_false(mr_timers_next(&world->timers, &due));
    assert_true(due == 7);
    mr_timers_run(&world->timers, UINT64_MAX);
    cancel('a');
}

static void timers_fire_in_the_order_of_their_time(void **state)
{
    (void)state;
    arm('a', 30), arm('b', 10), arm('c', 20), arm('d', 5);
    mr_timers_run(&world->timers, 100);
    assert_string_equal(world->fired, "dbca");
}

static void those_of_one_time_fire_as_they_were_armed(void **state)
{
    (void)state;
    arm('a', 10), arm('b', 10), arm('c', 10), arm('d', 10), arm('e', 10);
    arm('a', 10);
    cancel('c');
    mr_timers_run(&world->timers, 10);
    assert_string_equal(world->fired, "bdea");
}

static void only_what_is_due_fires(void **state)
{
    (void)state;
    arm('a', 10), arm('b', 11);
    mr_timers_run(&world->timers, 9);
    assert_string_equal(world->fired, "");
    mr_timers_run(&world->timers, 10);
    assert_string_equal(world->fired, "a");
    mr_timers_run(&world->timers, 10);
    assert_string_equal(world->fired, "a");
    mr_timers_run(&world->timers, 11);
    assert_string_equal(world->fired, "ab");
}

static void the_next_one_is_the_earliest_that_is_armed(void **state)
{
    (void)state;
    uint64_t due;
    arm('a', 20), arm('b', 10);
    assert_true(mr_timers_next(&world->timers, &due));
    assert_true(due == 10);
    cancel('b');
    assert_true(mr_timers_next(&world->timers, &due));
    assert_true(due == 20);
    cancel('a');
    assert_false(mr_timers_next(&world->timers, &due));
}

static void a_timer_armed_anew_fires_once_and_at_the_new_time(void **state)
{
    (void)state;
    arm('a', 10), arm('b', 20), arm('a', 30);
    mr_timers_run(&world->timers, 25);
    assert_string_equal(world->fired, "b");
    arm('c', 40), arm('a', 26);
    mr_timers_run(&world->timers, 100);
    assert_string_equal(world->fired, "bac");
}

static void never(struct mr_timer *timer)
{
    (void)timer;
    fail_msg("the function of before was called");
}

static void a_timer_armed_anew_calls_its_new_function(void **state)
{
    (void)state;
    mr_timers_arm(&world->timers, &world->few[0], 10, never);
    arm('a', 10);
    mr_timers_run(&world->timers, 10);
    assert_string_equal(world->fired, "a");
}

static void a_cancelled_timer_does_not_fire_and_may_be_armed_again(void **state)
{
    (void)state;
    arm('a', 10), arm('b', 10);
    cancel('a'), cancel('a');
    mr_timers_run(&world->timers, 10);
    assert_string_equal(world->fired, "b");
    arm('a', 11);
    mr_timers_run(&world->timers, 11);
    assert_string_equal(world->fired, "ba");
}

static void note_and_arm_again(struct mr_timer *timer)
{
    note(timer);
    mr_timers_arm(&world->timers, timer, timer->due + 10, note_and_arm_again);
}

static void a_timer_may_arm_itself_while_it_fires(void **state)
{
    (void)state;
    mr_timers_arm(&world->timers, &world->few[0], 10, note_and_arm_again);
    arm('b', 15);
    mr_timers_run(&world->timers, 10);
    assert_string_equal(world->fired, "a");
    mr_timers_run(&world->timers, 35);
    assert_string_equal(world->fired, "abaa");
}

static void note_and_cancel_others(struct mr_timer *timer)
{
    note(timer);
    assert_int_equal(timer->place, 0);
    cancel(letter_of(timer));
    cancel('b'), cancel('c');
}

static void a_timer_may_cancel_others_while_it_fires(void **state)
{
    (void)state;
    mr_timers_arm(&world->timers, &world->few[0], 10, note_and_cancel_others);
    arm('b', 10), arm('c', 12), arm('d', 12), arm('e', 20);
    arm('b', 11);
    mr_timers_run(&world->timers, 12);
    assert_string_equal(world->fired, "ad");
    mr_timers_run(&world->timers, 20);
    assert_string_equal(world->fired, "ade");
}

static void note_and_arm_another(struct mr_timer *timer)
{
    note(timer);
    arm('h', timer->due + 1);
}

static void what_is_armed_while_another_fires_fires_in_the_same_run_where_it_is_due(void **state)
{
    (void)state;
    mr_timers_arm(&world->timers, &world->few[0], 10, note_and_arm_another);
    arm('b', 12);
    mr_timers_run(&world->timers, 12);
    assert_string_equal(world->fired, "ahb");
}

static void freeing_disarms_all_of_them(void **state)
{
    (void)state;
    uint64_t due;
    arm('a', 10), arm('b', 20);
    mr_timers_free(&world->timers);
    assert_int_equal(world->few[0].place, 0);
    assert_int_equal(world->few[1].place, 0);
    assert_false(mr_timers_next(&world->timers, &due));
    cancel('a');
    arm('b', 5);
    mr_timers_run(&world->timers, 100);
    assert_string_equal(world->fired, "b");
}

/* The model: the same timers, each looked at. */
enum { MANY = 300, STEPS = 200000 };

static struct {
    struct mr_timers timers;
    struct mr_timer each[MANY];
    uint64_t due[MANY]; /* 0: not armed */
    uint64_t now, last_due;
    size_t fired;
} many;

static void fire_of_many(struct mr_timer *timer)
{
    size_t i = (size_t)(timer - many.each);
    assert_true(many.due[i] != 0 && many.due[i] == timer->due && timer->due <= many.now);
    assert_true(timer->due >= many.last_due);
    many.last_due = timer->due;
    many.due[i] = 0;
    many.fired++;
}

static size_t armed_in_the_model(uint64_t *earliest)
{
    size_t armed = 0;
    *earliest = UINT64_MAX;
    for (size_t i = 0; i < MANY; i++) {
        armed += many.due[i] != 0;
        if (many.due[i] != 0 && many.due[i] < *earliest)
            *earliest = many.due[i];
    }
    return armed;
}

static void run_of_many(size_t advance)
{
    uint64_t next = 0, earliest;
    many.now += advance;
    many.last_due = 0;
    mr_timers_run(&many.timers, many.now);
    size_t armed = armed_in_the_model(&earliest);
    assert_int_equal(many.timers.count, armed);
    assert_true(mr_timers_next(&many.timers, &next) == (armed > 0));
    if (armed > 0)
        assert_true(next == earliest && earliest > many.now);
}

static void many_timers_fire_as_the_model_says(void **state)
{
    (void)state;
    struct seed seed = new_seed("timers");
    many.now = 1;
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = random_below(&seed, MANY);
        switch (random_below(&seed, 8)) {
        case 0:
            mr_timers_cancel(&many.timers, &many.each[i]);
            many.due[i] = 0;
            break;
        case 1:
            run_of_many(random_below(&seed, 40));
            break;
        default:
            many.due[i] = many.now + 1 + random_below(&seed, 500);
            mr_timers_arm(&many.timers, &many.each[i], many.due[i], fire_of_many);
        }
        for (size_t probe = 0; probe < 3; probe++) {
            i = random_below(&seed, MANY);
            assert_true((many.each[i].place != 0) == (many.due[i] != 0));
        }
    }
    run_of_many(1000);
    assert_int_equal(many.timers.count, 0);
    assert_true(many.fired > STEPS / 100);
    mr_timers_free(&many.timers);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_due_where_nothing_is_armed),
        TEST(timers_fire_in_the_order_of_their_time),
        TEST(those_of_one_time_fire_as_they_were_armed),
        TEST(only_what_is_due_fires),
        TEST(the_next_one_is_the_earliest_that_is_armed),
        TEST(a_timer_armed_anew_fires_once_and_at_the_new_time),
        TEST(a_timer_armed_anew_calls_its_new_function),
        TEST(a_cancelled_timer_does_not_fire_and_may_be_armed_again),
        TEST(a_timer_may_arm_itself_while_it_fires),
        TEST(a_timer_may_cancel_others_while_it_fires),
        TEST(what_is_armed_while_another_fires_fires_in_the_same_run_where_it_is_due),
        TEST(freeing_disarms_all_of_them),
        cmocka_unit_test(many_timers_fire_as_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
