#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "lua/run/holders.h"

enum { INTERVAL = 1024, ADDRESSES = 200000, STRIDE = 16 };

static char *at(size_t i)
{
    return (char *)(uintptr_t)(0x40000000 + i * STRIDE);
}

static int set_up(void **state)
{
    struct mr_holders *holders = calloc(1, sizeof(*holders));
    holders->interval = INTERVAL;
    mr_holders_init(holders);
    *state = holders;
    return 0;
}

static int tear_down(void **state)
{
    mr_holders_free(*state);
    free(*state);
    return 0;
}

static void allocate(struct mr_holders *holders, size_t i, size_t size)
{
    if (mr_holders_is_due(holders, size))
        mr_holders_note(holders, at(i), size);
}

static void let_go(struct mr_holders *holders, size_t i)
{
    if (mr_holders_may_know(holders, at(i)))
        mr_holders_forget(holders, at(i));
}

static void assert_about(size_t got, size_t wanted)
{
    if (got < wanted - wanted / 10 || got > wanted + wanted / 10)
        fail_msg("%zu is not about %zu", got, wanted);
}

static void what_is_held_is_known_whatever_the_sizes(void **state)
{
    static const size_t sizes[] = {16, 700, 1024, 1500, 5000, 20000, 100000};
    struct mr_holders *holders = *state;
    for (size_t kind = 0; kind < sizeof(sizes) / sizeof(sizes[0]); kind++) {
        size_t count = 4000000 / sizes[kind];
        count = count < ADDRESSES ? count : ADDRESSES;
        holders->holder = mr_holders_row(holders, "a.lua");
        for (size_t i = 0; i < count; i++)
            allocate(holders, i, sizes[kind]);
        assert_about(holders->all[holders->holder].bytes, count * sizes[kind]);
        for (size_t i = 0; i < count; i++)
            let_go(holders, i);
        assert_int_equal(holders->all[holders->holder].bytes, 0);
        assert_int_equal(holders->count, 0);
    }
}

/* In a rhythm: each turn the same two allocate the same, and one of them keeps it. */
static void who_keeps_is_told_from_who_wastes(void **state)
{
    struct mr_holders *holders = *state;
    size_t keeper = mr_holders_row(holders, "keeper.lua");
    size_t waster = mr_holders_row(holders, "waster.lua");
    for (size_t i = 0; i < 20000; i++) {
        holders->holder = keeper;
        allocate(holders, i, 100);
        holders->holder = waster;
        allocate(holders, ADDRESSES + i % 50, 1948);
        let_go(holders, ADDRESSES + i % 50);
    }
    assert_about(holders->all[keeper].bytes, 2000000);
    assert_int_equal(holders->all[waster].bytes, 0);
}

static void an_account_counts_while_it_is_open(void **state)
{
    struct mr_holders *holders = *state;
    struct mr_account first = {0}, second = {0};
    size_t row = holders->holder = mr_holders_row(holders, "a.lua");
    mr_account_open(holders, &first, row);
    mr_account_open(holders, &second, row);
    holders->account = &first;
    for (size_t i = 0; i < 10000; i++)
        allocate(holders, i, 100);
    holders->account = &second;
    for (size_t i = 10000; i < 30000; i++)
        allocate(holders, i, 100);
    holders->account = NULL;
    assert_about(first.bytes, 1000000);
    assert_about(second.bytes, 2000000);
    assert_int_equal(holders->open_bytes, first.bytes + second.bytes);
    mr_account_close(holders, &first);
    assert_int_equal(holders->open_bytes, second.bytes);
    assert_int_equal(holders->all[row].open, second.bytes);
    mr_account_open(holders, &first, row); /* of another task */
    for (size_t i = 0; i < 30000; i++)
        let_go(holders, i);
    assert_int_equal(first.bytes, 0);
    assert_int_equal(second.bytes, 0);
    assert_int_equal(holders->open_bytes, 0);
    assert_int_equal(holders->all[row].open, 0);
    assert_int_equal(holders->all[row].bytes, 0);
    mr_account_close(holders, &first);
    mr_account_close(holders, &second);
}

/* It is in the way of nobody later. */
static void what_a_load_leaves_counts_as_open_for_ever(void **state)
{
    struct mr_holders *holders = *state;
    struct mr_account load = {0};
    size_t row = mr_holders_row(holders, "a.lua");
    mr_account_open(holders, &load, MR_HOLDER_RUNTIME);
    holders->account = &load;
    holders->holder = row;
    for (size_t i = 0; i < 10000; i++)
        allocate(holders, i, 100);
    holders->account = NULL;
    mr_account_close(holders, &load);
    assert_about(holders->all[row].open, 1000000);
    assert_int_equal(holders->open_bytes, 0);
    for (size_t i = 0; i < 10000; i++)
        let_go(holders, i);
    assert_int_equal(holders->all[row].open, 0);
    assert_int_equal(holders->all[row].bytes, 0);
}

/* Against a table that cannot be wrong. */
static void the_map_forgets_what_is_freed_and_nothing_else(void **state)
{
    static bool there[ADDRESSES];
    struct mr_holders *holders = *state;
    uint64_t seed = 1;
    for (size_t turn = 0; turn < 1000000; turn++) {
        size_t i = (size_t)(mr_random(&seed) % (turn < 500000 ? ADDRESSES : 500));
        size_t before = holders->count;
        if (there[i]) {
            assert_true(mr_holders_may_know(holders, at(i)));
            mr_holders_forget(holders, at(i));
            assert_int_equal(holders->count, before - 1);
        } else {
            let_go(holders, i);
            assert_int_equal(holders->count, before);
            holders->until = -1;
            mr_holders_note(holders, at(i), 10);
        }
        there[i] = !there[i];
    }
    for (size_t i = 0; i < ADDRESSES; i++)
        if (there[i])
            mr_holders_forget(holders, at(i));
    assert_int_equal(holders->count, 0);
    assert_int_equal(holders->all[MR_HOLDER_RUNTIME].bytes, 0);
}

static void scripts_beyond_the_rows_share_the_last(void **state)
{
    struct mr_holders *holders = *state;
    char name[32];
    for (int i = 0; i < 2 * MR_HOLDERS; i++) {
        snprintf(name, sizeof(name), "%d.lua", i);
        size_t row = mr_holders_row(holders, name);
        assert_int_equal(row, i + 1 < MR_HOLDER_OTHERS ? i + 1 : MR_HOLDER_OTHERS);
    }
    assert_int_equal(mr_holders_row(holders, "0.lua"), 1);
    assert_string_equal(holders->all[MR_HOLDER_OTHERS].name, "other scripts");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_held_is_known_whatever_the_sizes),
        TEST(who_keeps_is_told_from_who_wastes),
        TEST(an_account_counts_while_it_is_open),
        TEST(what_a_load_leaves_counts_as_open_for_ever),
        TEST(the_map_forgets_what_is_freed_and_nothing_else),
        TEST(scripts_beyond_the_rows_share_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
