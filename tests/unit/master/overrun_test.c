#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "a_view.h"
#include "master/overrun.h"

/* What was done of late. */
static struct {
    int interrupts, kills;
    uint64_t slot, run;
} done;

static uint64_t had; /* ms of the CPU, by each worker */

static void interrupt(void *context, uint64_t slot, uint64_t run)
{
    (void)context;
    done.interrupts++;
    done.slot = slot;
    done.run = run;
}

static void end(void *context, uint64_t slot)
{
    (void)context;
    done.kills++;
    done.slot = slot;
}

static uint64_t used(void *context, uint64_t slot)
{
    (void)context, (void)slot;
    return had;
}

static const struct mr_overrun_host host = {interrupt, end, used};

struct looking {
    uv_loop_t loop;
    struct mr_scoreboard board;
    struct mr_overrun *overrun;
    struct mr_slot *slot; /* the second of two */
};

/* By a machine that gives all of its time to the worker. */
static uint64_t look(struct looking *looking, uint64_t now)
{
    had = now;
    return mr_overrun_look(looking->overrun, now);
}

static int set_up(void **state)
{
    static struct looking looking;
    assert_int_equal(uv_loop_init(&looking.loop), 0);
    assert_int_equal(mr_scoreboard_create(&looking.board, 2), 0);
    looking.overrun = mr_overrun_new(&looking.loop, &looking.board, &host, NULL);
    looking.slot = &looking.board.slots[1];
    memset(&done, 0, sizeof(done));
    had = 0;
    *state = &looking;
    return 0;
}

static int tear_down(void **state)
{
    struct looking *looking = *state;
    mr_overrun_free(looking->overrun);
    uv_run(&looking->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&looking->loop), 0);
    mr_scoreboard_close(&looking->board);
    return 0;
}

static void an_idle_router_is_looked_at_once_a_second(void **state)
{
    struct looking *looking = *state;
    assert_int_equal(look(looking, 5000), 6000);
    mr_cell_set(&looking->slot->shortest_budget, 30000);
    assert_int_equal(look(looking, 5000), 6000);
    mr_cell_set(&looking->slot->shortest_budget, 200);
    assert_int_equal(look(looking, 5000), 5200);
    mr_cell_set(&looking->slot->shortest_budget, 1);
    assert_int_equal(look(looking, 5000), 5000 + MR_OVERRUN_LOOK);
}

static void a_run_within_its_budget_is_left_alone_and_looked_at_when_it_is_due(void **state)
{
    struct looking *looking = *state;
    mr_run_begins(&looking->slot->run, 7, 5000, 300);
    assert_int_equal(look(looking, 5100), 5300);
    mr_run_ends(&looking->slot->run);
    assert_int_equal(look(looking, 5300), 6300);
    assert_int_equal(done.interrupts, 0);
}

static void a_run_over_its_budget_is_interrupted_again_and_again_and_then_ended(void **state)
{
    struct looking *looking = *state;
    mr_run_begins(&looking->slot->run, 7, 5000, 300);
    assert_int_equal(look(looking, 5300), 5310);
    assert_int_equal(done.interrupts, 1);
    assert_int_equal(done.slot, 1);
    assert_int_equal(done.run, 7);
    assert_int_equal(look(looking, 5310), 5320);
    assert_int_equal(look(looking, 5340), 5380);
    assert_int_equal(look(looking, 5480), 5580);
    assert_int_equal(look(looking, 5590), 5600);
    assert_int_equal(done.interrupts, 5);
    assert_int_equal(done.kills, 0);
    look(looking, 5600);
    assert_int_equal(done.kills, 1);
    assert_int_equal(done.slot, 1);
}

/* It was suspended, or the machine had no time for it. */
static void a_master_that_comes_late_interrupts_before_it_ends_anything(void **state)
{
    struct looking *looking = *state;
    mr_run_begins(&looking->slot->run, 7, 5000, 300);
    look(looking, 99000);
    assert_int_equal(done.interrupts, 1);
    assert_int_equal(done.kills, 0);
}

static void the_next_run_is_not_taken_for_the_one_before(void **state)
{
    struct looking *looking = *state;
    mr_run_begins(&looking->slot->run, 7, 5000, 300);
    look(looking, 5300);
    mr_run_begins(&looking->slot->run, 8, 5310, 300);
    look(looking, 5700);
    assert_int_equal(done.run, 8);
    assert_int_equal(done.kills, 0);
    mr_overrun_reset(looking->overrun, 1);
    look(looking, 6100);
    assert_int_equal(done.kills, 0);
}

static void a_short_budget_has_its_patience_all_the_same(void **state)
{
    struct looking *looking = *state;
    mr_run_begins(&looking->slot->run, 7, 5000, 10);
    look(looking, 5010);
    look(looking, 5010 + MR_OVERRUN_PATIENCE - 1);
    assert_int_equal(done.kills, 0);
    look(looking, 5010 + MR_OVERRUN_PATIENCE);
    assert_int_equal(done.kills, 1);
}

static void a_worker_that_the_machine_has_no_time_for_is_not_ended(void **state)
{
    struct looking *looking = *state;
    mr_run_begins(&looking->slot->run, 7, 5000, 300);
    look(looking, 5300);
    for (uint64_t now = 5310; now < 60000; now += MR_OVERRUN_PATIENCE)
        assert_in_range(mr_overrun_look(looking->overrun, now), now, now + MR_OVERRUN_PATIENCE);
    assert_true(done.interrupts > 500);
    assert_int_equal(done.kills, 0);
    had += 300;
    mr_overrun_look(looking->overrun, 60000);
    assert_int_equal(done.kills, 1);
}

static void a_run_without_a_budget_may_take_for_ever(void **state)
{
    struct looking *looking = *state;
    mr_run_begins(&looking->slot->run, 7, 5000, 0);
    assert_int_equal(look(looking, 999000), 1000000);
    assert_int_equal(done.interrupts, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_idle_router_is_looked_at_once_a_second),
        TEST(a_run_within_its_budget_is_left_alone_and_looked_at_when_it_is_due),
        TEST(a_run_over_its_budget_is_interrupted_again_and_again_and_then_ended),
        TEST(a_master_that_comes_late_interrupts_before_it_ends_anything),
        TEST(the_next_run_is_not_taken_for_the_one_before),
        TEST(a_short_budget_has_its_patience_all_the_same),
        TEST(a_worker_that_the_machine_has_no_time_for_is_not_ended),
        TEST(a_run_without_a_budget_may_take_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
