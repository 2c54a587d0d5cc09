/* Loading scripts, what they require, and one generation taking over from another. */
#include "world.h"

#define ROUTER  "local router = require 'moonroute' "
#define HANDLER "function handleMessage(topic, message, headers, context) "
#define ANSWER  HANDLER "return 1 end "

static void assert_loads_not(struct world *world, const char *errors)
{
    assert_null(world_load(world));
    assert_string_equal(mr_errors_text(&world->errors), errors);
}

static void every_error_of_every_script_is_told_at_once(void **state)
{
    struct world *world = *state;
    world_files(world, "fine.lua", ANSWER, "syntax.lua", "local x = 1\nlocal y ==\n", "raises.lua",
                "\n\nerror('at load')", "table.lua", "error { statusCode = 400, message = 'no' }",
                "without.lua", "local a = 1", "number.lua", "handleMessage = 5", "global.lua",
                "x = missing", NULL);
    assert_loads_not(
        world, "scripts/syntax.lua:2: unexpected symbol near '=='\n"
               "scripts/raises.lua:3: at load\n"
               "scripts/table.lua: no\n"
               "scripts/without.lua: no function handleMessage(topic, message, headers, context)\n"
               "scripts/number.lua: no function handleMessage(topic, message, headers, context)\n"
               "scripts/global.lua:1: undefined global 'missing'\n");
}

static void an_empty_script_and_an_empty_folder_are_no_trouble(void **state)
{
    struct world *world = *state;
    world_files(world, NULL);
    world->generation = world_load(world);
    assert_non_null(world->generation);
    assert_null(mr_generation_script(world->generation, "test.lua"));
    world_files(world, "empty.lua", "", NULL);
    assert_loads_not(
        world, "scripts/empty.lua: no function handleMessage(topic, message, headers, context)\n");
}

static void bytecode_does_not_load(void **state)
{
    struct world *world = *state;
    world_files(world, "test.lua", "\x1bLJ\x02", NULL);
    assert_null(world_load(world));
    assert_non_null(strstr(mr_errors_text(&world->errors), "scripts/test.lua: "));
}

static void a_script_that_yields_or_publishes_while_it_loads_is_refused(void **state)
{
    struct world *world = *state;
    world_files(world, "a.lua", "coroutine.yield(1)", "b.lua", ROUTER "router.sleep(1)", "c.lua",
                ROUTER "router.publish('x', 1)", "d.lua", ROUTER "router.request('x', 1)", NULL);
    assert_loads_not(world,
                     "scripts/a.lua: cannot yield here\n"
                     "scripts/b.lua:1: router.sleep: cannot be called while a script loads\n"
                     "scripts/c.lua:1: router.publish: cannot be called while a script loads\n"
                     "scripts/d.lua:1: router.request: cannot be called while a script loads\n");
    assert_int_equal(world->published.count + world->asked.count + world->sleeps, 0);
}

static void environments_are_apart(void **state)
{
    struct world *world = *state;
    world_files(world, "other.lua", "shared = 'theirs' " ANSWER, "test.lua",
                HANDLER "return { rawget(_G, 'shared') == nil, _G == _G._G } end", NULL);
    world->generation = world_load(world);
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "[true,true]");
    world_end(world, task);
}

static void globals_of_a_script_last_from_message_to_message(void **state)
{
    struct world *world = *state;
    world_script(world, "count = 0 " HANDLER "count = count + 1 return count end");
    world_end(world, world_start(world, "1"));
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "2");
    world_end(world, task);
}

static void on_load_is_called_once_and_on_unload_at_the_end(void **state)
{
    struct world *world = *state;
    world_files(world, "test.lua",
                "loads = 0 function onLoad() loads = loads + 1 end "
                "function onUnload() error('seen') end " HANDLER "return loads end",
                NULL);
    world->generation = world_load(world);
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "1");
    world_end(world, task);
}

static void an_on_load_that_raises_refuses_the_generation(void **state)
{
    struct world *world = *state;
    world_files(world, "a.lua", "function onLoad()\nerror('not today') end " ANSWER, "b.lua",
                "onLoad = 5 " ANSWER, "c.lua",
                ROUTER "function onLoad() router.sleep(1) end " ANSWER, "d.lua",
                "function onLoad() coroutine.yield() end " ANSWER, "e.lua",
                "function onLoad() end function onUnload() error('told') end " ANSWER, NULL);
    assert_loads_not(world, "scripts/a.lua: onLoad: scripts/a.lua:2: not today\n"
                            "scripts/b.lua: onLoad: expected a function, got a number\n"
                            "scripts/c.lua: onLoad: scripts/c.lua:1: router.sleep: cannot be "
                            "called while a script loads\n"
                            "scripts/d.lua: onLoad: scripts/d.lua: cannot yield here\n");
}

static void messages_in_flight_finish_on_the_code_they_started_with(void **state)
{
    struct world *world = *state;
    const struct mr_resumption done = {.kind = MR_RESUME_DONE};
    world_script(world,
                 ROUTER "local version = 'old' " HANDLER "router.sleep(1) return version end");
    struct mr_task *old = world_start(world, "1");
    world_script(world, "local version = 'new' " HANDLER "return version end");
    struct mr_task *new = world_start(world, "1");
    assert_reply(world, "\"new\"");
    world_end(world, new);
    mr_task_resume(old, &done, &world->result);
    assert_reply(world, "\"old\"");
    world_end(world, old);
}

static void a_refused_generation_leaves_the_current_one_at_work(void **state)
{
    struct world *world = *state;
    world_script(world, HANDLER "return 'current' end");
    world_files(world, "test.lua", "broken(", NULL);
    assert_null(world_load(world));
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "\"current\"");
    world_end(world, task);
}

/* The most that Lua held during so many reloads: between two collections it goes up and down. */
static size_t peak_of_reloads(struct world *world, int count)
{
    size_t peak = 0;
    for (int i = 0; i < count; i++) {
        assert_handles(world, "data = ('x'):rep(10000) " HANDLER "return #data end", "1", "10000");
        if (mr_vm_memory(world->vm) > peak)
            peak = mr_vm_memory(world->vm);
    }
    return peak;
}

/* The collector takes a while to find its pace; from then on the peak stays where it is. */
static void reloading_many_times_does_not_grow(void **state)
{
    size_t before = peak_of_reloads(*state, 2000);
    assert_true(peak_of_reloads(*state, 2000) < before + before / 2);
}

static void a_library_is_loaded_once_a_generation(void **state)
{
    struct world *world = *state;
    world_files(world, "lib/counter.lua",
                "local self = { n = 0 } function self.next() self.n = self.n + 1 return self.n end "
                "return self",
                "a.lua", "local c = require 'counter' c.next() " ANSWER, "test.lua",
                "local c = require 'counter' " HANDLER
                "return { c.next(), require 'counter' == c } end",
                NULL);
    world->generation = world_load(world);
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "[2,true]");
    world_end(world, task);
}

static void libraries_lie_in_folders_and_know_their_name(void **state)
{
    struct world *world = *state;
    world_files(world, "lib/money/init.lua", "return (...)", "lib/money/euro.lua",
                "return (...) .. require 'money'", "test.lua",
                HANDLER "return require 'money.euro' end", NULL);
    world->generation = world_load(world);
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "\"money.euromoney\"");
    world_end(world, task);
}

static void a_library_without_a_value_is_true(void **state)
{
    struct world *world = *state;
    world_files(world, "lib/quiet.lua", "local a = 1", "test.lua",
                HANDLER "return require 'quiet' end", NULL);
    world->generation = world_load(world);
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "true");
    world_end(world, task);
}

static void libraries_have_strict_environments_of_their_own(void **state)
{
    struct world *world = *state;
    world_files(
        world, "lib/leak.lua", "leaked = 1 return true", "lib/typo.lua",
        "return function() return colour end", "test.lua",
        "require 'leak' local typo = require 'typo' " HANDLER
        "return { rawget(_G, 'leaked') == nil, select(2, pcall(typo)):match('[^/]*$') } end",
        NULL);
    world->generation = world_load(world);
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "[true,\"typo.lua:1: undefined global 'colour'\"]");
    world_end(world, task);
}

static void what_cannot_be_required_says_why(void **state)
{
    struct world *world = *state;
    world_files(world, "lib/a.lua", "require 'b'", "lib/b.lua", "return require 'a'", "lib/bad.lua",
                "\nlocal = 1", "lib/boom.lua", "error('boom')", "1.lua", "require 'a'", "2.lua",
                "require 'bad'", "3.lua", "require 'boom'", "4.lua", "\nrequire 'not.there'", NULL);
    assert_loads_not(world,
                     "scripts/lib/b.lua: module 'a' requires itself: a -> b -> a\n"
                     "scripts/lib/bad.lua:2: '<name>' expected near '='\n"
                     "scripts/lib/boom.lua:1: boom\n"
                     "scripts/4.lua:2: module 'not.there' not found: no scripts/lib/not/there.lua, "
                     "no scripts/lib/not/there/init.lua\n");
    world_files(world, "test.lua", "require(5)", NULL);
    assert_loads_not(world,
                     "scripts/test.lua:1: require: expected a module's name, got a number\n");
    world_files(world, "test.lua", "require '../etc/passwd'", NULL);
    assert_null(world_load(world));
    assert_non_null(strstr(mr_errors_text(&world->errors), "not found"));
}

static void a_library_that_failed_can_be_required_again(void **state)
{
    struct world *world = *state;
    world_files(world, "lib/flaky.lua",
                "local router = require 'moonroute' router.sleep(1) return 1", "test.lua",
                HANDLER
                "local first = pcall(require, 'flaky') "
                "local _, why = pcall(require, 'flaky') return { first, why:match('[^/]*$') } end",
                NULL);
    world->generation = world_load(world);
    struct mr_task *task = world_start(world, "1");
    assert_reply(world,
                 "[false,\"flaky.lua:1: router.sleep: cannot be called while a script loads\"]");
    world_end(world, task);
}

static void check_runs_scripts_but_no_on_load_and_compiles_every_library(void **state)
{
    struct world *world = *state;
    world_files(world, "a.lua", "function onLoad() error('called') end " ANSWER, "lib/unused.lua",
                "local = 1", "lib/used.lua", "return ==", "b.lua", "require 'used' " ANSWER,
                "c.lua", "local a = 1", NULL);
    mr_generation_check(world->vm, &world->snapshot, &world->errors);
    assert_string_equal(
        mr_errors_text(&world->errors),
        "scripts/lib/unused.lua:1: '<name>' expected near '='\n"
        "scripts/lib/used.lua:1: unexpected symbol near '=='\n"
        "scripts/c.lua: no function handleMessage(topic, message, headers, context)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(every_error_of_every_script_is_told_at_once),
        world_test(an_empty_script_and_an_empty_folder_are_no_trouble),
        world_test(bytecode_does_not_load),
        world_test(a_script_that_yields_or_publishes_while_it_loads_is_refused),
        world_test(environments_are_apart),
        world_test(globals_of_a_script_last_from_message_to_message),
        world_test(on_load_is_called_once_and_on_unload_at_the_end),
        world_test(an_on_load_that_raises_refuses_the_generation),
        world_test(messages_in_flight_finish_on_the_code_they_started_with),
        world_test(a_refused_generation_leaves_the_current_one_at_work),
        world_test(reloading_many_times_does_not_grow),
        world_test(a_library_is_loaded_once_a_generation),
        world_test(libraries_lie_in_folders_and_know_their_name),
        world_test(a_library_without_a_value_is_true),
        world_test(libraries_have_strict_environments_of_their_own),
        world_test(what_cannot_be_required_says_why),
        world_test(a_library_that_failed_can_be_required_again),
        world_test(check_runs_scripts_but_no_on_load_and_compiles_every_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
