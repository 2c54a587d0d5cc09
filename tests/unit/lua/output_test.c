/* What C makes for a run outside of Lua's memory: records, replies and JSON count against the run's
 * memory budget. */
#include "world.h"

#define ROUTER  "local router, cjson = require 'moonroute', require 'cjson' "
#define HANDLER "function handleMessage(topic, message, headers, context) "
#define LONG    "local long = ('x'):rep(10485760) "
/* The same text a thousand times, which takes Lua 10 MiB. */
#define HEADERS LONG "local many = {} for i = 1, 1000 do many['h' .. i] = long end "

enum { MIB = 1024 * 1024, MEMORY = 64 * MIB };

static struct mr_slot slot;

static int set_up(void **state)
{
    const struct mr_limits limits = {.memory = MEMORY};
    world_setup(state);
    struct world *world = *state;
    memset(&slot, 0, sizeof(slot));
    mr_vm_show(world->vm, &slot.run);
    mr_vm_limit(world->vm, &limits);
    mr_vm_limit_loads(world->vm, &limits);
    return 0;
}

static void assert_over(struct world *world, const char *body, const char *part)
{
    char script[1500];
    print_message("%s\n", body);
    snprintf(script, sizeof(script), ROUTER HANDLER "%s end", body);
    world_script(world, script);
    struct mr_task *task = world_start(world, "1");
    assert_raised(world, part);
    assert_int_equal(world->result.fault.kind, MR_FAULT_MEMORY);
    world_end(world, task);
    assert_handles(world, HANDLER "return 'served' end", "1", "\"served\"");
}

#define BY_RECORDS "over its memory budget of 64 MiB, by the records of one run"

static void one_text_in_a_thousand_headers_is_refused(void **state)
{
    struct world *world = *state;
    static const char *const bodies[] = {
        HEADERS "return 1, many",
        HEADERS "router.publish('t', 1, { headers = many })",
        HEADERS "pcall(router.publish, 't', 1, { headers = many }) return 'caught'",
        HEADERS "router.request('t', 1, { headers = many })",
        HEADERS "router.all { function() router.request('t', 1, { headers = many }) end }",
        HEADERS "router.spawn(function() router.publish('t', 1, { headers = many }) end)",
        LONG "local list = {} for i = 1, 1000 do list[i] = { 'h', long } end return 1, list",
        LONG "local list = {} for i = 1, 1000 do list[i] = { 'h', long } end "
             "router.publish('t', 1, { headers = list })",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_over(world, bodies[i], BY_RECORDS);
    assert_int_equal(world->published.count + world->asked.count, 0);
}

static void what_one_run_publishes_is_bounded(void **state)
{
    struct world *world = *state;
    assert_over(world,
                "local big = ('x'):rep(1048576) for i = 1, 1000 do "
                "pcall(router.publish, 't', router.null, { headers = { h = big } }) end",
                BY_RECORDS);
    assert_in_range(world->published.count, 50, 64);
    world->published.count = 0;
    assert_over(world, "for i = 1, 1e6 do router.publish('t', router.null) end", BY_RECORDS);
    assert_in_range(world->published.count, 50000, 64 * 1024);
    world->asked.count = 0;
    assert_over(world,
                "local big = ('x'):rep(1048576) for i = 1, 1000 do router.spawn(function() "
                "router.request('t', big) end) end",
                BY_RECORDS);
    assert_in_range(world->asked.count, 50, 64);
}

/* A handler that waits lets go out what it has published so far. */
static void each_run_has_its_own(void **state)
{
    struct world *world = *state;
    world_script(world, ROUTER HANDLER
                 "local big = ('x'):rep(1048576) for i = 1, 5 do for i = 1, 40 do "
                 "router.publish('t', router.null, { headers = { h = big } }) end router.sleep(1) "
                 "end return 'sent' end");
    struct mr_task *task = world_start(world, "1");
    for (uint32_t wait = 0; wait < 5; wait++) {
        const struct mr_resumption done = {.kind = MR_RESUME_DONE, .wait = wait};
        assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
        mr_task_resume(task, &done, &world->result);
    }
    assert_reply(world, "\"sent\"");
    assert_int_equal(world->published.count, 200);
    world_end(world, task);
}

static void json_longer_than_the_budget_is_refused(void **state)
{
    struct world *world = *state;
    static const char *const bodies[] = {
        LONG "local list = {} for i = 1, 20 do list[i] = long end return #cjson.encode(list)",
        LONG "local list = {} for i = 1, 20 do list[i] = long end "
             "for _ = 1, 5 do pcall(cjson.encode, list) end return 'caught'",
        LONG "local list = {} for i = 1, 20 do list[i] = long end return list",
        LONG "local list = {} for i = 1, 20 do list[i] = long end router.publish('t', list)",
        "local long = ('\\1'):rep(15e6) return cjson.encode(long)",
        LONG "local one = {} for i = 1, 300 do one = { one, one } if i % 4 == 0 then "
             "one = { one[1], long } end end return #cjson.encode(one)",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_over(world, bodies[i], "over its memory budget of 64 MiB");
    assert_int_equal(world->published.count, 0);
}

static void what_was_encoded_and_let_go_is_not_counted(void **state)
{
    assert_handles(*state,
                   ROUTER HANDLER "local big = { ('x'):rep(4194304) } "
                                  "for i = 1, 100 do cjson.encode(big) end return 'done' end",
                   "1", "\"done\"");
}

/* An error names the place in a value, by as much of it as helps. */
static void the_path_of_an_error_is_short(void **state)
{
    struct world *world = *state;
    world_script(world, ROUTER HANDLER
                 "local name = ('n'):rep(65536) local value = { [name] = 0/0 } "
                 "for _ = 1, 500 do value = { [name] = value } end "
                 "local ok, err = pcall(cjson.encode, value) return { ok, #err < 10000 } end");
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "[false,true]");
    world_end(world, task);
}

#define output_test(function) cmocka_unit_test_setup_teardown(function, set_up, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        output_test(one_text_in_a_thousand_headers_is_refused),
        output_test(what_one_run_publishes_is_bounded),
        output_test(each_run_has_its_own),
        output_test(json_longer_than_the_budget_is_refused),
        output_test(what_was_encoded_and_let_go_is_not_counted),
        output_test(the_path_of_an_error_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
