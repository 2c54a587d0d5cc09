/* router.all and router.spawn: functions of a handler side by side. */
#include "world.h"

#define ROUTER  "local router = require 'moonroute' "
#define HANDLER "function handleMessage(topic, message, headers, context) "

static struct mr_task *begin(struct world *world, const char *body)
{
    char script[2000];
    snprintf(script, sizeof(script), ROUTER HANDLER "%s end", body);
    world_script(world, script);
    struct mr_task *task = world_start(world, "1");
    if (world->result.outcome == MR_OUTCOME_RAISED)
        fail_msg("raised: %s", world_text(world->result.fault.message));
    return task;
}

static void slept(struct world *world, struct mr_task *task, uint32_t wait)
{
    const struct mr_resumption done = {.kind = MR_RESUME_DONE, .wait = wait};
    mr_task_resume(task, &done, &world->result);
}

static void answered(struct world *world, struct mr_task *task, uint32_t wait, const char *value)
{
    const struct mr_resumption reply = {
        .kind = MR_RESUME_REPLY, .wait = wait, .value = mr_bytes_of(value)};
    mr_task_resume(task, &reply, &world->result);
}

static void assert_still_waits(const struct world *world)
{
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
}

static void end_with(struct world *world, struct mr_task *task, const char *reply)
{
    assert_reply(world, reply);
    world_end(world, task);
}

static void linger(struct world *world, struct mr_task *task, const char *reply)
{
    assert_reply(world, reply);
    assert_true(world->result.lingers);
    mr_task_linger(task, &world->result);
}

static void assert_ended(struct world *world, struct mr_task *task)
{
    assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
    assert_int_equal(world->result.reply, MR_REPLY_NONE);
    assert_false(world->result.lingers);
    world_end(world, task);
}

static void functions_that_wait_for_nothing_are_run_at_once(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, "return router.all { function() return 1 end, "
                                        "function() return 'b', 'more' end }");
    end_with(world, task, "[1,\"b\"]");
    end_with(world, begin(world, "return { #router.all {} }"), "[0]");
}

static void all_of_them_wait_at_once_and_end_in_any_order(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, "return router.all { function() return (router.request('a', 1)) end, "
                     "function() router.sleep(5) return 'slept' end, "
                     "function() return (router.request('b', 2)) end }");
    assert_still_waits(world);
    assert_int_equal(world->asked.count, 2);
    assert_int_equal(world->sleeps, 1);
    answered(world, task, 2, "\"from b\"");
    assert_still_waits(world);
    slept(world, task, 1);
    assert_still_waits(world);
    answered(world, task, 0, "\"from a\"");
    end_with(world, task, "[\"from a\",\"slept\",\"from b\"]");
}

static void one_may_wait_again_and_again(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(
        world, "local n = 0 router.all { function() for _ = 1, 3 do router.sleep(1) n = n + 1 "
               "end end, function() router.sleep(9) end } return n");
    slept(world, task, 0);
    slept(world, task, 2);
    slept(world, task, 1);
    assert_still_waits(world);
    slept(world, task, 3);
    end_with(world, task, "3");
}

static void the_first_to_fail_by_position_is_raised_once_all_have_ended(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, "local ok, err = pcall(router.all, { function() router.sleep(1) "
                     "router.fail(404, 'late', 'A') end, function() error({ statusCode = 500, "
                     "message = 'soon' }) end, function() router.sleep(1) end }) "
                     "return { ok, err.statusCode, err.message }");
    assert_still_waits(world);
    slept(world, task, 0);
    assert_still_waits(world);
    slept(world, task, 1);
    end_with(world, task, "[false,404,\"late\"]");
}

static void an_error_of_one_is_the_handler_s(void **state)
{
    struct world *world = *state;
    assert_fails(world,
                 ROUTER HANDLER "router.all { function() local x = nil; return x.y end } end", "1",
                 "test.lua:1: attempt to index local 'x' (a nil value)");
}

static void groups_nest(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(
        world, "local function pair(a) return function() return router.all { "
               "function() router.sleep(1) return a end, function() return a + 1 end } end end "
               "return router.all { pair(1), function() return router.all { "
               "function() return 5 end } end, pair(3) }");
    slept(world, task, 1);
    assert_still_waits(world);
    slept(world, task, 0);
    end_with(world, task, "[[1,2],[5],[3,4]]");
}

static void coroutines_of_the_script_may_wait_within(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, "local function inner() return coroutine.wrap(function() router.sleep(1) "
                     "return 'in' end)() end "
                     "return coroutine.wrap(function() return router.all { inner, inner } end)()");
    assert_still_waits(world);
    slept(world, task, 1);
    slept(world, task, 0);
    end_with(world, task, "[\"in\",\"in\"]");
}

static void a_refusal_is_raised_in_the_one_it_refuses(void **state)
{
    struct world *world = *state;
    world->refusal = "not now";
    struct mr_task *task =
        begin(world, "local ok, err = pcall(router.all, { function() router.request('x', 1) end }) "
                     "return { ok, err }");
    world->refusal = NULL;
    assert_non_null(strstr(world_text(world->result.value), "router.request: not now"));
    world_end(world, task);
}

static void to_scripts_its_functions_are_no_coroutines(void **state)
{
    struct world *world = *state;
    end_with(world,
             begin(world, "return router.all { function() return coroutine.running() == nil "
                          "end, function() return (pcall(coroutine.yield, 1)) end }"),
             "[true,false]");
}

static void after_it_the_handler_waits_as_before(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, "router.all { function() router.sleep(1) end } "
                                        "return (router.request('x', 1))");
    slept(world, task, 0);
    assert_still_waits(world);
    answered(world, task, 1, "7");
    end_with(world, task, "7");
}

static void a_handler_that_is_given_up_leaves_nothing_to_the_next(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, "router.all { function() router.sleep(1) end }");
    world_end(world, task);
    task = begin(world, "return router.all { function() router.sleep(1) return 2 end }");
    slept(world, task, 0);
    end_with(world, task, "[2]");
}

static void one_whose_driving_is_interrupted_leaves_nothing_to_the_next_either(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, "local ok, err = pcall(table.sort, { 2, 1 }, function() "
                     "router.all { function() router.sleep(1) error('never') end } end) "
                     "router.sleep(1) return { ok, (tostring(err):gsub('^.-: ', '')) }");
    assert_still_waits(world);
    slept(world, task, 1);
    end_with(world, task, "[false,\"attempt to yield across C-call boundary\"]");
    task = begin(world, "local got router.spawn(function() router.sleep(1) got = 'mine' end) "
                        "router.sleep(1) return got");
    slept(world, task, 0);
    assert_still_waits(world);
    slept(world, task, 1);
    linger(world, task, "\"mine\"");
    assert_ended(world, task);
}

static void a_strand_whose_joining_is_interrupted_waits_for_what_it_asks_next(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, "return router.all { function() "
                                        "pcall(table.sort, { 2, 1 }, function() "
                                        "router.all { function() router.sleep(1) end } end) "
                                        "return (router.request('x', 1)) end }");
    assert_still_waits(world);
    slept(world, task, 0);
    assert_still_waits(world);
    answered(world, task, 1, "7");
    end_with(world, task, "[7]");
}

static void the_outcome_of_an_interrupted_strand_is_nobody_else_s(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, "pcall(table.sort, { 2, 1 }, function() "
                                        "router.all { function() router.request('x', 1) end } end) "
                                        "router.all { function() router.sleep(1) end } "
                                        "return (router.request('x', 2))");
    assert_still_waits(world);
    slept(world, task, 1);
    assert_still_waits(world);
    answered(world, task, 0, "\"another's\"");
    assert_still_waits(world);
    answered(world, task, 2, "\"its own\"");
    end_with(world, task, "\"its own\"");
}

static void what_is_no_list_of_functions_is_refused(void **state)
{
    static const char *const rows[][2] = {
        {"nil", "router.all: expected a list of functions, got a nil"},
        {"{ a = print }", "router.all: expected a list of functions, got a table of names"},
        {"{ 1 }", "router.all: expected functions, got a number at place 1"},
        {"{ print, {} }", "router.all: expected functions, got a table at place 2"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char script[200];
        snprintf(script, sizeof(script), ROUTER HANDLER "router.all(%s) end", rows[i][0]);
        assert_fails(*state, script, "1", rows[i][1]);
    }
}

static void many_at_once(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, "local list = {} for i = 1, 5000 do list[i] = function() router.sleep(1) "
                     "return i end end local got, sum = router.all(list), 0 "
                     "for i = 1, #got do sum = sum + got[i] end return sum");
    for (uint32_t i = 5000; i-- > 0;)
        slept(world, task, i);
    end_with(world, task, "12502500");
}

static void what_is_spawned_goes_on_when_the_handler_has_returned(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, "router.spawn(function() router.sleep(1) "
                     "router.publish('done', 1) router.sleep(1) end) return 'soon'");
    linger(world, task, "\"soon\"");
    assert_still_waits(world);
    assert_int_equal(world->published.count, 0);
    slept(world, task, 0);
    assert_still_waits(world);
    assert_int_equal(world->published.count, 1);
    slept(world, task, 1);
    assert_ended(world, task);
}

static void what_is_spawned_goes_on_beside_the_handler(void **state)
{
    struct world *world = *state;
    struct mr_task *task = begin(world, "local seen = {} "
                                        "router.spawn(function() router.sleep(1) seen[1] = 'a' "
                                        "router.sleep(1) seen[2] = 'b' end) "
                                        "local answer = router.request('x', 1) "
                                        "return { answer, seen[1], seen[2] }");
    slept(world, task, 0);
    assert_still_waits(world);
    slept(world, task, 2);
    assert_still_waits(world);
    answered(world, task, 1, "7");
    linger(world, task, "[7,\"a\",\"b\"]");
    assert_ended(world, task);
}

static void what_is_spawned_may_run_many_at_once_and_spawn_more(void **state)
{
    struct world *world = *state;
    world->published.count = 0;
    struct mr_task *task = begin(
        world, "router.spawn(function() router.all { function() router.sleep(1) end, function() "
               "router.sleep(1) end } router.spawn(function() router.sleep(1) "
               "router.publish('done', 1) end) end) return 1");
    linger(world, task, "1");
    slept(world, task, 1);
    slept(world, task, 0);
    assert_still_waits(world);
    slept(world, task, 2);
    assert_int_equal(world->published.count, 1);
    while (world->result.lingers)
        mr_task_linger(task, &world->result);
    assert_ended(world, task);
}

static void what_fails_of_it_is_raised_at_the_end(void **state)
{
    struct world *world = *state;
    struct mr_task *task =
        begin(world, "router.spawn(function() router.sleep(1) router.sleep(1) end) "
                     "router.spawn(function() router.sleep(1) error('broken', 0) end) return 1");
    linger(world, task, "1");
    slept(world, task, 1);
    assert_still_waits(world);
    slept(world, task, 0);
    slept(world, task, 2);
    assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
    assert_string_equal(world_text(world->result.fault.message), "broken");
    world_end(world, task);
}

static void a_handler_that_raises_ends_what_it_has_spawned(void **state)
{
    struct world *world = *state;
    world_script(world,
                 ROUTER HANDLER "router.spawn(function() router.sleep(1) end) error('no', 0) end");
    struct mr_task *task = world_start(world, "1");
    assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
    assert_false(world->result.lingers);
    world_end(world, task);
    end_with(world, begin(world, "return 1"), "1");
}

static void spawning_what_is_no_function_is_refused(void **state)
{
    assert_fails(*state, ROUTER HANDLER "router.spawn(1) end", "1",
                 "router.spawn: expected a function, got a number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(functions_that_wait_for_nothing_are_run_at_once),
        world_test(all_of_them_wait_at_once_and_end_in_any_order),
        world_test(one_may_wait_again_and_again),
        world_test(the_first_to_fail_by_position_is_raised_once_all_have_ended),
        world_test(an_error_of_one_is_the_handler_s),
        world_test(groups_nest),
        world_test(coroutines_of_the_script_may_wait_within),
        world_test(a_refusal_is_raised_in_the_one_it_refuses),
        world_test(to_scripts_its_functions_are_no_coroutines),
        world_test(after_it_the_handler_waits_as_before),
        world_test(a_handler_that_is_given_up_leaves_nothing_to_the_next),
        world_test(one_whose_driving_is_interrupted_leaves_nothing_to_the_next_either),
        world_test(a_strand_whose_joining_is_interrupted_waits_for_what_it_asks_next),
        world_test(the_outcome_of_an_interrupted_strand_is_nobody_else_s),
        world_test(what_is_no_list_of_functions_is_refused),
        world_test(many_at_once),
        world_test(what_is_spawned_goes_on_when_the_handler_has_returned),
        world_test(what_is_spawned_goes_on_beside_the_handler),
        world_test(what_is_spawned_may_run_many_at_once_and_spawn_more),
        world_test(what_fails_of_it_is_raised_at_the_end),
        world_test(a_handler_that_raises_ends_what_it_has_spawned),
        world_test(spawning_what_is_no_function_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
