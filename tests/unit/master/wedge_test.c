#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "master/wedge.h"

static struct {
    int asks, kills;
    uint64_t slot;
} done;

static void ask(void *context, uint64_t slot, uint64_t silent)
{
    (void)context;
    assert_true(silent >= MR_WEDGED_AFTER);
    done.asks++;
    done.slot = slot;
}

static void end(void *context, uint64_t slot)
{
    (void)context;
    done.kills++;
    done.slot = slot;
}

static const struct mr_wedge_host host = {ask, end};

struct looking {
    uv_loop_t loop;
    struct mr_scoreboard board;
    struct mr_wedge *wedge;
    struct mr_slot *slot; /* the second of two; there is no worker in the first */
    uint64_t now;
};

static int set_up(void **state)
{
    static struct looking looking;
    assert_int_equal(uv_loop_init(&looking.loop), 0);
    assert_int_equal(mr_scoreboard_create(&looking.board, 2), 0);
    looking.wedge = mr_wedge_new(&looking.loop, &looking.board, &host, NULL);
    looking.slot = &looking.board.slots[1];
    looking.now = 1000000;
    mr_cell_set(&looking.slot->state, MR_WORKER_READY);
    mr_cell_set(&looking.slot->pid, 7);
    mr_cell_set(&looking.slot->heartbeat, looking.now);
    memset(&done, 0, sizeof(done));
    *state = &looking;
    return 0;
}

static int tear_down(void **state)
{
    struct looking *looking = *state;
    mr_wedge_free(looking->wedge);
    uv_run(&looking->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&looking->loop), 0);
    mr_scoreboard_close(&looking->board);
    return 0;
}

static void look_for(struct looking *looking, uint64_t ms)
{
    for (uint64_t end = looking->now + ms; looking->now < end;) {
        looking->now += MR_WEDGE_LOOK;
        mr_wedge_look(looking->wedge, looking->now);
    }
}

static void a_loop_that_stands_is_asked_once_and_then_killed(void **state)
{
    look_for(*state, MR_WEDGED_AFTER);
    assert_int_equal(done.asks, 0);
    look_for(*state, MR_WEDGE_LOOK);
    assert_int_equal(done.asks, 1);
    look_for(*state, MR_WEDGED_END - MR_WEDGED_AFTER - MR_WEDGE_LOOK);
    assert_int_equal(done.asks, 1);
    assert_int_equal(done.kills, 0);
    look_for(*state, MR_WEDGE_LOOK);
    assert_int_equal(done.kills, 1);
    assert_int_equal(done.slot, 1);
}

static void a_heartbeat_begins_it_anew(void **state)
{
    struct looking *looking = *state;
    for (int i = 0; i < 5; i++) {
        look_for(looking, MR_WEDGED_AFTER - MR_WEDGE_LOOK);
        mr_cell_set(&looking->slot->heartbeat, looking->now);
    }
    assert_int_equal(done.asks, 0);
    look_for(looking, MR_WEDGED_END - MR_WEDGE_LOOK);
    mr_cell_set(&looking->slot->heartbeat, looking->now);
    look_for(looking, MR_WEDGED_AFTER);
    assert_int_equal(done.kills, 0);
    assert_int_equal(done.asks, 1);
    look_for(looking, MR_WEDGE_LOOK);
    assert_int_equal(done.asks, 2);
}

static void another_worker_of_the_slot_is_not_the_one_that_stood(void **state)
{
    struct looking *looking = *state;
    look_for(looking, MR_WEDGED_END - MR_WEDGE_LOOK);
    mr_cell_set(&looking->slot->pid, 8);
    look_for(looking, MR_WEDGED_AFTER);
    assert_int_equal(done.kills, 0);
}

static void runs_that_their_budget_allows_are_signs_of_life(void **state)
{
    struct looking *looking = *state;
    mr_run_begins(&looking->slot->run, 1, looking->now, 600000);
    look_for(looking, 600000);
    mr_run_begins(&looking->slot->run, 2, looking->now, 0); /* without a budget */
    look_for(looking, 3600000);
    mr_run_ends(&looking->slot->run);
    for (int i = 0; i < 10; i++) { /* scripts load one after the other */
        mr_run_begins(&looking->slot->run, 3, looking->now, 5000);
        look_for(looking, 10000);
        mr_run_ends(&looking->slot->run);
        look_for(looking, 5000);
    }
    assert_int_equal(done.asks, 0);
    look_for(looking, MR_WEDGED_END);
    assert_true(done.kills > 0);
}

static void time_in_which_the_master_did_not_look_does_not_count(void **state)
{
    struct looking *looking = *state;
    look_for(looking, MR_WEDGE_LOOK);
    looking->now += 3600000;
    mr_wedge_look(looking->wedge, looking->now);
    assert_int_equal(done.asks, 0);
    look_for(looking, MR_WEDGED_END);
    assert_true(done.kills > 0);
}

static void a_slot_without_a_worker_is_passed_over(void **state)
{
    struct looking *looking = *state;
    mr_slot_vacate(looking->slot);
    look_for(looking, 10 * MR_WEDGED_END);
    assert_int_equal(done.asks + done.kills, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_loop_that_stands_is_asked_once_and_then_killed),
        TEST(a_heartbeat_begins_it_anew),
        TEST(another_worker_of_the_slot_is_not_the_one_that_stood),
        TEST(runs_that_their_budget_allows_are_signs_of_life),
        TEST(time_in_which_the_master_did_not_look_does_not_count),
        TEST(a_slot_without_a_worker_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
