#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/exit.h"
#include "master/rollout.h"

/* Workers that only remember what they were told, and a list of all that was said, as text. */
struct world {
    struct mr_rollout *rollout;
    struct mr_buf said;
};

static uint64_t generation_in(enum mr_frame_kind kind, struct mr_bytes body)
{
    if (kind != MR_FRAME_PREPARE) {
        struct mr_reader reader = {body.data, body.data + body.length, false};
        return mr_reader_u64(&reader);
    }
    struct mr_snapshot *snapshot = mr_snapshot_decode(body);
    assert_non_null(snapshot);
    uint64_t generation = snapshot->generation;
    mr_snapshot_free(snapshot);
    return generation;
}

static void on_send(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body)
{
    static const char *const names[] = {[MR_FRAME_PREPARE] = "prepare",
                                        [MR_FRAME_SWITCH] = "switch",
                                        [MR_FRAME_DISCARD] = "discard"};
    struct world *world = context;
    mr_buf_printf(&world->said, "%s %d to %d; ", names[kind], (int)generation_in(kind, body),
                  (int)slot);
}

static void on_tried(void *context)
{
    struct world *world = context;
    mr_buf_string(&world->said, "tried; ");
}

static void on_accepted(void *context, const struct mr_snapshot *before,
                        const struct mr_snapshot *now)
{
    struct world *world = context;
    mr_buf_printf(&world->said, "accepted %d after %d; ", (int)now->generation,
                  before ? (int)before->generation : 0);
}

static void on_refused(void *context, struct mr_bytes why, int code)
{
    struct world *world = context;
    mr_buf_printf(&world->said, "refused (%.*s) %d; ", (int)strcspn(why.data, "\n"), why.data,
                  code);
}

static void on_unfit(void *context, uint64_t slot, struct mr_bytes why)
{
    struct world *world = context;
    mr_buf_printf(&world->said, "unfit %d (%.*s); ", (int)slot, (int)why.length, why.data);
}

static struct mr_snapshot *snapshot_of(uint64_t generation)
{
    struct mr_snapshot *snapshot = calloc(1, sizeof(*snapshot));
    snapshot->generation = generation;
    snapshot->config = mr_config_new();
    return snapshot;
}

static void begin(struct world *world, uint64_t generation)
{
    mr_rollout_begin(world->rollout, snapshot_of(generation));
}

/* Asserts what was said since the last time. */
static void expect_said(struct world *world, const char *expected)
{
    assert_string_equal(mr_buf_text(&world->said), expected);
    mr_buf_clear(&world->said);
}

static int set_up(void **state)
{
    static const struct mr_rollout_host host = {on_send, on_tried, on_accepted, on_refused,
                                                on_unfit};
    struct world *world = calloc(1, sizeof(*world));
    world->rollout = mr_rollout_new(&host, world, 2);
    *state = world;
    return 0;
}

/* Two workers that run generation 1. */
static int set_up_running(void **state)
{
    set_up(state);
    struct world *world = *state;
    begin(world, 1);
    mr_rollout_started(world->rollout, 0);
    mr_rollout_started(world->rollout, 1);
    mr_rollout_loaded(world->rollout, 0, 1);
    mr_rollout_loaded(world->rollout, 1, 1);
    mr_buf_clear(&world->said);
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_rollout_free(world->rollout);
    mr_buf_free(&world->said);
    free(world);
    return 0;
}

static void the_first_snapshot_is_used_when_every_worker_has_loaded_it(void **state)
{
    struct world *world = *state;
    begin(world, 1);
    expect_said(world, "");
    mr_rollout_started(world->rollout, 0);
    mr_rollout_started(world->rollout, 1);
    expect_said(world, "prepare 1 to 0; prepare 1 to 1; ");
    mr_rollout_loaded(world->rollout, 1, 1);
    expect_said(world, "tried; ");
    assert_null(mr_rollout_accepted(world->rollout));
    mr_rollout_loaded(world->rollout, 0, 1);
    expect_said(world, "switch 1 to 0; switch 1 to 1; accepted 1 after 0; ");
    assert_false(mr_rollout_busy(world->rollout));
}

static void the_first_snapshot_is_refused_with_the_workers_exit_code(void **state)
{
    struct world *world = *state;
    begin(world, 1);
    mr_rollout_started(world->rollout, 0);
    mr_rollout_started(world->rollout, 1);
    mr_buf_clear(&world->said);
    mr_rollout_refused(world->rollout, 1, 1, MR_BYTES("no such property\n"), MR_EXIT_CONFIG);
    expect_said(world, "discard 1 to 0; refused (no such property) 78; ");
    mr_rollout_refused(world->rollout, 0, 1, MR_BYTES("no such property\n"), MR_EXIT_CONFIG);
    mr_rollout_ended(world->rollout, 0, false);
    expect_said(world, "");
}

static void a_worker_that_dies_at_the_start_is_followed_by_one_that_tries_again(void **state)
{
    struct world *world = *state;
    begin(world, 1);
    mr_rollout_started(world->rollout, 0);
    mr_rollout_started(world->rollout, 1);
    mr_rollout_ended(world->rollout, 0, false);
    mr_rollout_started(world->rollout, 0);
    expect_said(world, "prepare 1 to 0; prepare 1 to 1; prepare 1 to 0; ");
    mr_rollout_loaded(world->rollout, 0, 1);
    mr_rollout_loaded(world->rollout, 1, 1);
    expect_said(world, "tried; switch 1 to 0; switch 1 to 1; accepted 1 after 0; ");
}

static void a_reload_switches_only_when_every_worker_could_load(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    expect_said(world, "prepare 2 to 0; ");
    assert_true(mr_rollout_busy(world->rollout));
    mr_rollout_loaded(world->rollout, 0, 2);
    expect_said(world, "prepare 2 to 1; tried; ");
    mr_rollout_loaded(world->rollout, 1, 2);
    expect_said(world, "switch 2 to 0; switch 2 to 1; accepted 2 after 1; ");
    assert_int_equal(mr_rollout_accepted(world->rollout)->generation, 2);
}

static void one_refusal_discards_it_everywhere(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_buf_clear(&world->said);
    mr_rollout_refused(world->rollout, 1, 2, MR_BYTES("a.lua:3: no"), MR_EXIT_DATA);
    expect_said(world, "discard 2 to 0; refused (a.lua:3: no) 65; ");
    assert_int_equal(mr_rollout_accepted(world->rollout)->generation, 1);
    assert_false(mr_rollout_busy(world->rollout));
}

static void the_refusal_of_the_first_worker_leaves_the_others_alone(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_rollout_refused(world->rollout, 0, 2, MR_BYTES("a.lua:3: no"), MR_EXIT_DATA);
    expect_said(world, "prepare 2 to 0; refused (a.lua:3: no) 65; ");
    begin(world, 3);
    mr_rollout_ended(world->rollout, 0, false);
    expect_said(world, "prepare 3 to 0; "
                       "refused (worker 0 died while it was loading the scripts) 65; ");
}

static void another_worker_tries_if_the_first_one_ends_in_order(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_rollout_ended(world->rollout, 0, true);
    expect_said(world, "prepare 2 to 0; prepare 2 to 1; ");
    mr_rollout_started(world->rollout, 0);
    mr_rollout_loaded(world->rollout, 0, 1);
    expect_said(world, "prepare 1 to 0; switch 1 to 0; ");
    mr_rollout_loaded(world->rollout, 1, 2);
    expect_said(world, "prepare 2 to 0; tried; ");
    mr_rollout_loaded(world->rollout, 0, 2);
    expect_said(world, "switch 2 to 0; switch 2 to 1; accepted 2 after 1; ");
}

static void an_answer_that_comes_after_the_end_is_passed_over(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_rollout_refused(world->rollout, 1, 2, MR_BYTES("no"), MR_EXIT_DATA);
    begin(world, 3);
    mr_buf_clear(&world->said);
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_rollout_refused(world->rollout, 0, 2, MR_BYTES("no"), MR_EXIT_DATA);
    mr_rollout_loaded(world->rollout, 0, 0);
    mr_rollout_loaded(world->rollout, 0, 99);
    expect_said(world, "");
    mr_rollout_loaded(world->rollout, 0, 3);
    mr_rollout_loaded(world->rollout, 1, 3);
    expect_said(world, "prepare 3 to 1; tried; switch 3 to 0; switch 3 to 1; accepted 3 after 1; ");
}

static void a_worker_that_dies_of_loading_refuses_the_reload(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_buf_clear(&world->said);
    mr_rollout_ended(world->rollout, 1, false);
    expect_said(world,
                "discard 2 to 0; refused (worker 1 died while it was loading the scripts) 65; ");
    mr_rollout_started(world->rollout, 1);
    expect_said(world, "prepare 1 to 1; ");
    mr_rollout_loaded(world->rollout, 1, 1);
    expect_said(world, "switch 1 to 1; ");
}

/* It drained, for its memory, and did not look at what it was to load. */
static void a_worker_that_ends_in_order_refuses_nothing(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_buf_clear(&world->said);
    mr_rollout_ended(world->rollout, 1, true);
    expect_said(world, "switch 2 to 0; accepted 2 after 1; ");
    mr_rollout_started(world->rollout, 1);
    expect_said(world, "prepare 2 to 1; ");
}

static void nor_does_the_only_one_whose_successor_loads_it(void **state)
{
    struct world *world = *state;
    mr_rollout_ended(world->rollout, 1, false);
    begin(world, 2);
    mr_buf_clear(&world->said);
    mr_rollout_ended(world->rollout, 0, true);
    expect_said(world, "");
    mr_rollout_started(world->rollout, 0);
    mr_rollout_loaded(world->rollout, 0, 2);
    expect_said(world, "prepare 2 to 0; switch 2 to 0; accepted 2 after 1; ");
}

static void a_worker_that_dies_of_what_was_discarded_says_nothing_against_the_next(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_rollout_ended(world->rollout, 1, false); /* of 2 */
    begin(world, 3);
    mr_rollout_started(world->rollout, 1);
    mr_rollout_expired(world->rollout); /* worker 0 has not come to 3 yet */
    begin(world, 4);
    mr_buf_clear(&world->said);
    mr_rollout_ended(world->rollout, 0, false); /* of 3 */
    mr_rollout_started(world->rollout, 0);
    expect_said(world, "prepare 4 to 0; ");
    mr_rollout_loaded(world->rollout, 0, 4);
    mr_rollout_loaded(world->rollout, 1, 1);
    mr_rollout_loaded(world->rollout, 1, 4);
    expect_said(world, "tried; switch 1 to 1; prepare 4 to 1; "
                       "switch 4 to 0; switch 4 to 1; accepted 4 after 1; ");
}

static void a_worker_that_dies_after_it_had_loaded_says_nothing_against_the_reload(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_rollout_ended(world->rollout, 0, false);
    mr_buf_clear(&world->said);
    mr_rollout_loaded(world->rollout, 1, 2);
    expect_said(world, "switch 2 to 1; accepted 2 after 1; ");
    mr_rollout_started(world->rollout, 0);
    mr_rollout_loaded(world->rollout, 0, 2);
    expect_said(world, "prepare 2 to 0; switch 2 to 0; ");
}

static void a_worker_that_dies_of_something_else_leaves_the_reload_to_its_successor(void **state)
{
    struct world *world = *state;
    begin(world, 2);
    mr_buf_clear(&world->said);
    mr_rollout_ended(world->rollout, 1, true);
    mr_rollout_started(world->rollout, 1);
    expect_said(world, "prepare 1 to 1; ");
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_rollout_loaded(world->rollout, 1, 1);
    mr_rollout_loaded(world->rollout, 1, 2);
    expect_said(world, "tried; switch 1 to 1; prepare 2 to 1; "
                       "switch 2 to 0; switch 2 to 1; accepted 2 after 1; ");
}

static void a_worker_started_during_a_reload_runs_the_old_and_then_takes_part(void **state)
{
    struct world *world = *state;
    mr_rollout_ended(world->rollout, 1, false);
    begin(world, 2);
    expect_said(world, "prepare 2 to 0; ");
    mr_rollout_started(world->rollout, 1);
    expect_said(world, "prepare 1 to 1; ");
    mr_rollout_loaded(world->rollout, 0, 2);
    expect_said(world, "tried; ");
    mr_rollout_loaded(world->rollout, 1, 1);
    expect_said(world, "switch 1 to 1; prepare 2 to 1; ");
    mr_rollout_loaded(world->rollout, 1, 2);
    expect_said(world, "switch 2 to 0; switch 2 to 1; accepted 2 after 1; ");
}

static void a_worker_that_was_loading_the_old_when_a_reload_began_takes_part(void **state)
{
    struct world *world = *state;
    mr_rollout_ended(world->rollout, 1, false);
    mr_rollout_started(world->rollout, 1);
    begin(world, 2);
    expect_said(world, "prepare 1 to 1; prepare 2 to 0; ");
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_rollout_loaded(world->rollout, 1, 1);
    expect_said(world, "tried; switch 1 to 1; prepare 2 to 1; ");
    mr_rollout_refused(world->rollout, 1, 2, MR_BYTES("no"), MR_EXIT_DATA);
    expect_said(world, "discard 2 to 0; refused (no) 65; ");
}

static void where_workers_die_of_the_old_code_the_next_ones_try_the_new(void **state)
{
    struct world *world = *state;
    mr_rollout_ended(world->rollout, 0, false);
    mr_rollout_ended(world->rollout, 1, false);
    begin(world, 2);
    mr_rollout_started(world->rollout, 0);
    mr_rollout_started(world->rollout, 1);
    expect_said(world, "prepare 2 to 0; prepare 2 to 1; ");
    mr_rollout_loaded(world->rollout, 0, 2);
    mr_rollout_loaded(world->rollout, 1, 2);
    expect_said(world, "tried; switch 2 to 0; switch 2 to 1; accepted 2 after 1; ");
}

static void where_the_new_is_refused_those_that_only_tried_it_go_back_to_the_old(void **state)
{
    struct world *world = *state;
    mr_rollout_ended(world->rollout, 0, false);
    mr_rollout_ended(world->rollout, 1, false);
    begin(world, 2);
    mr_rollout_started(world->rollout, 0);
    mr_rollout_started(world->rollout, 1);
    mr_buf_clear(&world->said);
    mr_rollout_refused(world->rollout, 0, 2, MR_BYTES("no"), MR_EXIT_DATA);
    expect_said(world, "prepare 1 to 0; discard 2 to 1; prepare 1 to 1; refused (no) 65; ");
    mr_rollout_loaded(world->rollout, 1, 2);
    expect_said(world, "");
    mr_rollout_loaded(world->rollout, 0, 1);
    mr_rollout_loaded(world->rollout, 1, 1);
    expect_said(world, "switch 1 to 0; switch 1 to 1; ");
}

static void a_worker_that_does_not_answer_in_time_refuses_the_reload(void **state)
{
    struct world *world = *state;
    mr_rollout_expired(world->rollout);
    expect_said(world, "");
    begin(world, 2);
    mr_rollout_expired(world->rollout);
    expect_said(world, "prepare 2 to 0; discard 2 to 0; "
                       "refused (worker 0 has not loaded the scripts in time) 65; ");
    begin(world, 3);
    mr_rollout_loaded(world->rollout, 0, 3);
    mr_buf_clear(&world->said);
    mr_rollout_expired(world->rollout);
    expect_said(world, "discard 3 to 0; discard 3 to 1; "
                       "refused (worker 1 has not loaded the scripts in time) 65; ");
}

static void without_any_worker_a_reload_waits_and_expires(void **state)
{
    struct world *world = *state;
    mr_rollout_ended(world->rollout, 0, false);
    mr_rollout_ended(world->rollout, 1, false);
    begin(world, 2);
    assert_true(mr_rollout_busy(world->rollout));
    mr_rollout_expired(world->rollout);
    expect_said(world, "refused (no worker came up to load the scripts) 65; ");
}

static void a_worker_that_cannot_load_what_is_accepted_is_unfit(void **state)
{
    struct world *world = *state;
    mr_rollout_ended(world->rollout, 0, false);
    mr_rollout_started(world->rollout, 0);
    mr_buf_clear(&world->said);
    mr_rollout_refused(world->rollout, 0, 1, MR_BYTES("out of luck"), MR_EXIT_DATA);
    expect_said(world, "unfit 0 (out of luck); ");
}

int main(void)
{
#define FRESH(name)   cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define RUNNING(name) cmocka_unit_test_setup_teardown(name, set_up_running, tear_down)
    const struct CMUnitTest tests[] = {
        FRESH(the_first_snapshot_is_used_when_every_worker_has_loaded_it),
        FRESH(the_first_snapshot_is_refused_with_the_workers_exit_code),
        FRESH(a_worker_that_dies_at_the_start_is_followed_by_one_that_tries_again),
        RUNNING(a_reload_switches_only_when_every_worker_could_load),
        RUNNING(one_refusal_discards_it_everywhere),
        RUNNING(the_refusal_of_the_first_worker_leaves_the_others_alone),
        RUNNING(another_worker_tries_if_the_first_one_ends_in_order),
        RUNNING(an_answer_that_comes_after_the_end_is_passed_over),
        RUNNING(a_worker_that_dies_of_loading_refuses_the_reload),
        RUNNING(a_worker_that_ends_in_order_refuses_nothing),
        RUNNING(nor_does_the_only_one_whose_successor_loads_it),
        RUNNING(a_worker_that_dies_of_what_was_discarded_says_nothing_against_the_next),
        RUNNING(a_worker_that_dies_after_it_had_loaded_says_nothing_against_the_reload),
        RUNNING(a_worker_that_dies_of_something_else_leaves_the_reload_to_its_successor),
        RUNNING(a_worker_started_during_a_reload_runs_the_old_and_then_takes_part),
        RUNNING(a_worker_that_was_loading_the_old_when_a_reload_began_takes_part),
        RUNNING(where_workers_die_of_the_old_code_the_next_ones_try_the_new),
        RUNNING(where_the_new_is_refused_those_that_only_tried_it_go_back_to_the_old),
        RUNNING(a_worker_that_does_not_answer_in_time_refuses_the_reload),
        RUNNING(without_any_worker_a_reload_waits_and_expires),
        RUNNING(a_worker_that_cannot_load_what_is_accepted_is_unfit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
