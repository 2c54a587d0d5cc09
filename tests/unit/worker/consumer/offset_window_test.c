#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "panics.h"
#include "seed.h"
#include "worker/consumer/offset_window.h"

static struct mr_offset_window window;

static int tear_down(void **state)
{
    (void)state;
    mr_offset_window_free(&window);
    return 0;
}

/* The offset to be stored now; -1 where there is none. */
static int64_t taken(void)
{
    int64_t next = 99;
    if (mr_offset_window_take(&window, &next))
        return next;
    assert_true(next == 99);
    return -1;
}

static void an_empty_window_has_nothing_to_store(void **state)
{
    (void)state;
    assert_int_equal(mr_offset_window_size(&window), 0);
    assert_true(taken() == -1);
}

static void an_open_offset_is_not_stored(void **state)
{
    (void)state;
    mr_offset_window_open(&window, 0);
    assert_int_equal(mr_offset_window_size(&window), 1);
    assert_true(taken() == -1);
}

static void the_offset_after_a_done_one_is_stored_once(void **state)
{
    (void)state;
    mr_offset_window_done(&window, mr_offset_window_open(&window, 41));
    assert_int_equal(mr_offset_window_size(&window), 0);
    assert_true(taken() == 42);
    assert_true(taken() == -1);
}

static void the_very_first_offset_counts(void **state)
{
    (void)state;
    mr_offset_window_done(&window, mr_offset_window_open(&window, 0));
    assert_true(taken() == 1);
}

static void sequence_numbers_are_counted_on_whatever_the_offsets(void **state)
{
    (void)state;
    uint64_t first = mr_offset_window_open(&window, 10);
    assert_true(mr_offset_window_open(&window, 1000) == first + 1);
    mr_offset_window_done(&window, first);
    assert_true(mr_offset_window_open(&window, 1001) == first + 2);
}

static void what_is_done_out_of_order_waits_for_what_is_before_it(void **state)
{
    (void)state;
    uint64_t a = mr_offset_window_open(&window, 10), b = mr_offset_window_open(&window, 11);
    uint64_t c = mr_offset_window_open(&window, 12), d = mr_offset_window_open(&window, 13);
    mr_offset_window_done(&window, c);
    assert_true(taken() == -1);
    mr_offset_window_done(&window, b);
    assert_true(taken() == -1);
    assert_int_equal(mr_offset_window_size(&window), 4);
    mr_offset_window_done(&window, a);
    assert_int_equal(mr_offset_window_size(&window), 1);
    assert_true(taken() == 13);
    assert_true(taken() == -1);
    mr_offset_window_done(&window, d);
    assert_true(taken() == 14);
}

static void gaps_in_offsets_hold_nothing_up(void **state)
{
    (void)state;
    uint64_t a = mr_offset_window_open(&window, 5), b = mr_offset_window_open(&window, 9);
    uint64_t c = mr_offset_window_open(&window, INT64_C(1) << 40);
    mr_offset_window_done(&window, a);
    assert_true(taken() == 6); /* not 9: what lies between may yet be written to the partition */
    mr_offset_window_done(&window, c);
    assert_true(taken() == -1);
    mr_offset_window_done(&window, b);
    assert_true(taken() == (INT64_C(1) << 40) + 1);
}

static void an_offset_follows_all_before_it_or_begins_another_window(void **state)
{
    (void)state;
    assert_true(mr_offset_window_follows(&window, 0));
    mr_offset_window_done(&window, mr_offset_window_open(&window, 7));
    assert_false(mr_offset_window_follows(&window, 0)); /* also when nothing is at work any more */
    assert_false(mr_offset_window_follows(&window, 7));
    assert_true(mr_offset_window_follows(&window, 8));
    assert_true(taken() == 8);
}

static void moves_that_nobody_took_are_taken_as_one(void **state)
{
    (void)state;
    mr_offset_window_done(&window, mr_offset_window_open(&window, 1));
    mr_offset_window_done(&window, mr_offset_window_open(&window, 2));
    assert_true(taken() == 3);
    assert_true(taken() == -1);
}

static void a_done_offset_behind_an_open_one_is_not_taken_again(void **state)
{
    (void)state;
    uint64_t a = mr_offset_window_open(&window, 1), b = mr_offset_window_open(&window, 2);
    uint64_t c = mr_offset_window_open(&window, 3);
    mr_offset_window_done(&window, a);
    assert_true(taken() == 2);
    mr_offset_window_done(&window, c);
    assert_true(taken() == -1);
    mr_offset_window_done(&window, b);
    assert_true(taken() == 4);
}

static void a_window_grows_while_its_ring_is_wrapped(void **state)
{
    (void)state;
    uint64_t sequences[1000];
    int64_t offset = 0;
    for (int i = 0; i < 40; i++) /* the ring begins in its middle */
        mr_offset_window_done(&window, mr_offset_window_open(&window, offset++));
    assert_true(taken() == 40);
    size_t capacity = window.capacity;
    for (int i = 0; i < 1000; i++)
        sequences[i] = mr_offset_window_open(&window, offset++);
    assert_true(window.capacity > capacity);
    for (int i = 999; i > 0; i--)
        mr_offset_window_done(&window, sequences[i]);
    assert_true(taken() == -1);
    assert_int_equal(mr_offset_window_size(&window), 1000);
    mr_offset_window_done(&window, sequences[0]);
    assert_true(taken() == 1040);
}

static void a_ring_that_goes_round_needs_no_more_room(void **state)
{
    (void)state;
    mr_offset_window_done(&window, mr_offset_window_open(&window, 0));
    size_t capacity = window.capacity;
    for (int64_t offset = 1; offset < 100000; offset++)
        mr_offset_window_done(&window, mr_offset_window_open(&window, offset));
    assert_int_equal(window.capacity, capacity);
    assert_true(taken() == 100000);
}

static void a_freed_window_is_empty(void **state)
{
    (void)state;
    mr_offset_window_done(&window, mr_offset_window_open(&window, 7));
    mr_offset_window_open(&window, 8);
    mr_offset_window_free(&window);
    assert_int_equal(mr_offset_window_size(&window), 0);
    assert_true(taken() == -1);
    mr_offset_window_done(&window, mr_offset_window_open(&window, 3)); /* below those of before */
    assert_true(taken() == 4);
}

static void open_below(void *offset)
{
    mr_offset_window_open(&window, *(int64_t *)offset);
}

static void finish(void *sequence)
{
    mr_offset_window_done(&window, *(uint64_t *)sequence);
}

static void what_must_not_be_is_a_panic(void **state)
{
    (void)state;
    char said[256];
    uint64_t a = mr_offset_window_open(&window, 10), b = mr_offset_window_open(&window, 12),
             beyond = b + 1;
    int64_t same = 12, below = 11;
    mr_offset_window_done(&window, b);
    assert_true(panics(open_below, &same, said, sizeof(said)));
    assert_true(panics(open_below, &below, said, sizeof(said)));
    assert_true(panics(finish, &b, said, sizeof(said)));
    assert_true(panics(finish, &beyond, said, sizeof(said)));
    mr_offset_window_done(&window, a);
    assert_true(panics(finish, &a, said, sizeof(said)));
}

/* The model: every message there ever was, and how many at the front are done. */
enum { STEPS = 1000000 };
static struct {
    int64_t offsets[STEPS];
    bool done[STEPS];
    size_t opened, prefix, stored; /* of `prefix` ones, `stored` were taken */
    size_t open[4096];             /* those not done, in no order */
    size_t open_count;
} model;

static void open_one(struct seed *seed)
{
    int64_t last = model.opened == 0 ? -1 : model.offsets[model.opened - 1];
    int64_t offset = last + 1 + (random_below(seed, 4) == 0 ? (int64_t)random_below(seed, 100) : 0);
    assert_true(mr_offset_window_open(&window, offset) == model.opened);
    model.open[model.open_count++] = model.opened;
    model.offsets[model.opened++] = offset;
}

static void finish_one(struct seed *seed)
{
    /* Often the oldest of a few, so that windows of all sizes come up. */
    size_t at = random_below(seed, model.open_count);
    for (int tries = (int)random_below(seed, 6); tries > 0; tries--) {
        size_t other = random_below(seed, model.open_count);
        if (model.open[other] < model.open[at])
            at = other;
    }
    size_t message = model.open[at];
    model.open[at] = model.open[--model.open_count];
    mr_offset_window_done(&window, message);
    model.done[message] = true;
    while (model.prefix < model.opened && model.done[model.prefix])
        model.prefix++;
}

static void take_one(void)
{
    int64_t expected = model.prefix > model.stored ? model.offsets[model.prefix - 1] + 1 : -1;
    if (taken() != expected)
        fail_msg("after %zu messages: not %lld", model.opened, (long long)expected);
    model.stored = model.prefix;
}

static void random_steps_agree_with_the_model(void **state)
{
    (void)state;
    struct seed seed = new_seed("window");
    size_t crowd = 1;
    for (size_t i = 0; i < STEPS; i++) {
        if (i % 10000 == 0)
            crowd = (size_t)1 << random_below(&seed, 13); /* how many are open, about */
        size_t choice = random_below(&seed, 8);
        if (choice == 0)
            take_one();
        else if (model.open_count == 0 ||
                 (model.open_count < crowd && model.open_count < 4096 && choice <= 4))
            open_one(&seed);
        else
            finish_one(&seed);
        if (mr_offset_window_size(&window) != model.opened - model.prefix)
            fail_msg("step %zu: size %zu, not %zu", i, mr_offset_window_size(&window),
                     model.opened - model.prefix);
    }
    while (model.open_count > 0)
        finish_one(&seed);
    take_one();
    assert_int_equal(mr_offset_window_size(&window), 0);
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_window_has_nothing_to_store),
        TEST(an_open_offset_is_not_stored),
        TEST(the_offset_after_a_done_one_is_stored_once),
        TEST(the_very_first_offset_counts),
        TEST(sequence_numbers_are_counted_on_whatever_the_offsets),
        TEST(what_is_done_out_of_order_waits_for_what_is_before_it),
        TEST(gaps_in_offsets_hold_nothing_up),
        TEST(moves_that_nobody_took_are_taken_as_one),
        TEST(a_done_offset_behind_an_open_one_is_not_taken_again),
        TEST(a_window_grows_while_its_ring_is_wrapped),
        TEST(a_ring_that_goes_round_needs_no_more_room),
        TEST(a_freed_window_is_empty),
        TEST(an_offset_follows_all_before_it_or_begins_another_window),
        TEST(what_must_not_be_is_a_panic),
        TEST(random_steps_agree_with_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
