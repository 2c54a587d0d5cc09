/* Handlers that take more than they may. A second process stands in for the master: it looks at the
 * run that is shown and sends the signal. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "world.h"

#define ROUTER  "local router = require 'moonroute' "
#define HANDLER "function handleMessage(topic, message, headers, context) "

/* Where a run is to get to some place first, it has PATIENCE: the machine may be busy. */
enum { TIME = 40, PATIENCE = 1000, MIB = 1024 * 1024, MEMORY = 32 * MIB };

struct limited {
    struct world world;
    struct mr_slot *slot; /* shared with the master */
    pid_t master;
};

static _Noreturn void be_master(const struct mr_slot *slot, bool hasty)
{
    struct mr_running running;
    unsigned seed = 1;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        usleep(hasty ? (useconds_t)(rand_r(&seed) % 1000) : 1000);
        bool due = mr_slot_running(slot, &running) && running.time > 0 &&
                   (hasty || mr_clock_ms() >= running.since + running.time);
        if (due)
            mr_interrupt(getppid(), running.number);
    }
}

static int set_up_with(void **state, bool hasty)
{
    struct limited *limited = calloc(1, sizeof(*limited));
    world_open(&limited->world);
    limited->slot = mmap(NULL, sizeof(struct mr_slot), PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(limited->slot, MAP_FAILED);
    mr_vm_show(limited->world.vm, &limited->slot->run);
    limited->master = fork();
    if (limited->master == 0)
        be_master(limited->slot, hasty);
    *state = limited;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, false);
}

static int set_up_hasty(void **state)
{
    return set_up_with(state, true);
}

static int tear_down(void **state)
{
    struct limited *limited = *state;
    kill(limited->master, SIGKILL);
    waitpid(limited->master, NULL, 0);
    world_close(&limited->world);
    munmap(limited->slot, sizeof(struct mr_slot));
    free(limited);
    return 0;
}

static void limit(struct limited *limited, uint64_t time, size_t memory)
{
    mr_vm_limit(limited->world.vm,
                &(struct mr_limits){.since = mr_clock_ms(), .time = time, .memory = memory});
}

/* Runs the script under the limits; the run's fault is of that kind and says so. */
static void assert_stopped(struct limited *limited, const char *script, uint64_t time,
                           size_t memory, enum mr_fault_kind kind)
{
    struct world *world = &limited->world;
    world_script(world, script);
    limit(limited, time, memory);
    struct mr_task *task = world_start(world, "1");
    assert_raised(world, kind == MR_FAULT_TIME ? "over its time budget of 40 ms"
                                               : "over its memory budget of 32 MiB");
    assert_int_equal(world->result.fault.kind, kind);
    assert_int_equal(world->result.fault.status, 500);
    world_end(world, task);
    assert_int_equal(mr_cell_get(&limited->slot->run.number), 0);
}

static void assert_well(struct limited *limited)
{
    limit(limited, 0, 0);
    assert_handles(&limited->world,
                   HANDLER "local s = 0 for i = 1, 1000 do s = s + i end return s end", "1",
                   "500500");
}

static const char *const endless[] = {
    HANDLER "while true do end end",
    HANDLER "while true do pcall(function() while true do end end) end end",
    HANDLER "return pcall(function() while true do end end) end",
    HANDLER "coroutine.wrap(function() while true do end end)() end",
    HANDLER "local co = coroutine.create(function() while true do coroutine.yield() end end) "
            "while true do coroutine.resume(co) end end",
    HANDLER "::again:: goto again end",
    HANDLER "local x = 0 for i = 1, 1e18 do x = x + i % 7 end return x end",
    HANDLER "local function f(n) return f(n + 1) end return f(1) end",
    HANDLER "local function f() pcall(f) return f() end return f() end",
    HANDLER "return load('local function f() pcall(f) return f() end return f()')() end",
    HANDLER "while true do local t = {} for i = 1, 100 do t[i] = { i } end end end",
    HANDLER "while true do table.sort({ 3, 1, 2 }, function(a, b) return a < b end) end end",
    HANDLER "while true do ('abc'):gsub('.', function(c) return c .. c end) end end",
    HANDLER "error(setmetatable({}, { __tostring = function() while true do end end })) end",
    HANDLER "error(setmetatable({}, { __index = function() while true do end end })) end",
    HANDLER "return setmetatable({}, { __index = function() while true do end end }) end",
    HANDLER "xpcall(function() while true do end end, function() while true do end end) end",
    HANDLER "while true do xpcall(error, function() return 1 end) end end",
    HANDLER "return tostring(setmetatable({}, { __tostring = tostring })) end",
    HANDLER "local m = {} m.__tostring, m.__call = setmetatable({}, m), tostring "
            "return tostring(m.__tostring) end",
    HANDLER "local function f() xpcall(f, f) error() end f() end",
    HANDLER "local s = '' while true do s = s .. 'x' if #s > 500 then s = '' end end end",
    HANDLER "local t = { 1, 2, x = 3 } while true do for k in pairs(t) do t[k] = k end end end",
};

/* All but one, whose reply nobody asks for a field; an interrupt may meet it nevertheless. */
static bool is_endless(const char *script)
{
    return strstr(script, "return setmetatable") == NULL;
}

static void endless_handlers_are_stopped_whatever_they_do(void **state)
{
    struct limited *limited = *state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        if (!is_endless(endless[i]))
            continue;
        clock_t began = clock(); /* of the CPU, which others may want too */
        assert_stopped(limited, endless[i], TIME, 0, MR_FAULT_TIME);
        assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
        assert_well(limited);
    }
}

/* Ways into code that spins, and loops in C's functions; each then spins on. */
#define SPIN                                                                                       \
    ROUTER "local cjson = require 'cjson' local function spin() while true do end end "            \
           "local function odd(name) return setmetatable({}, { [name] = spin }) end " HANDLER
#define AND_ON " while true do end end"

static const char *const hidden[] = {
    SPIN "loadstring(function() spin() end, 'x')" AND_ON,
    SPIN "pcall(loadstring, spin, 'x') pcall(loadstring, spin, 'x')" AND_ON,
    SPIN "load(coroutine.wrap(spin))" AND_ON,
    SPIN "load(function() return coroutine.wrap(spin)() end)" AND_ON,
    SPIN "load(function() load(spin) loadstring(spin, 'x') end)" AND_ON,
    SPIN "local x = odd('__index').x" AND_ON,
    SPIN "odd('__newindex').x = 1" AND_ON,
    SPIN "local x = odd('__concat') .. odd('__concat')" AND_ON,
    SPIN "local meta = { __eq = spin } local x = setmetatable({}, meta) == setmetatable({}, "
         "meta)" AND_ON,
    SPIN "local meta = { __lt = spin } table.sort({ setmetatable({}, meta), setmetatable({}, meta) "
         "})" AND_ON,
    SPIN "odd('__call')()" AND_ON,
    SPIN "for _ in spin do end" AND_ON,
    SPIN "for _ in pairs(odd('__pairs')) do end" AND_ON,
    SPIN "table.foreach({ 1 }, spin)" AND_ON,
    SPIN "table.sort({ 1, 2, 3 }, spin)" AND_ON,
    SPIN "('x'):gsub('.', odd('__index'))" AND_ON,
    SPIN "local x = ('%s'):format(odd('__tostring'))" AND_ON,
    SPIN "print(odd('__tostring'))" AND_ON,
    SPIN "router.log('x', { a = odd('__tostring'), [odd('__tostring')] = 1 })" AND_ON,
    SPIN "pcall(router.publish, 't', 1, { key = odd('__tostring') })" AND_ON,
    SPIN "pcall(router.publish, 't', odd('__index'))" AND_ON,
    SPIN "pcall(router.publish, 't', 1, { headers = odd('__index') })" AND_ON,
    SPIN "pcall(router.request, 't', 1, { headers = { odd('__index') } })" AND_ON,
    SPIN "pcall(router.breaker, 'b', { failures = odd('__tostring') })" AND_ON,
    SPIN "pcall(router.all, { spin, spin })" AND_ON,
    SPIN
    "pcall(router.all, { function() router.spawn(spin) end, function() pcall(spin) end })" AND_ON,
    SPIN "router.spawn(function() pcall(spin) spin() end)" AND_ON,
    SPIN "pcall(router.breaker('b').call, 1, spin)" AND_ON,
    SPIN "xpcall(error, spin)" AND_ON,
    SPIN "xpcall(spin, function() xpcall(spin, spin) end)" AND_ON,
    SPIN "local co = coroutine.create(spin) coroutine.resume(co) coroutine.resume(co)" AND_ON,
    SPIN "pcall(coroutine.wrap(function() coroutine.wrap(function() pcall(spin) end)() spin() "
         "end))" AND_ON,
    SPIN "return 1, odd('__index') end",
    SPIN "return 1, { odd('__index') } end",
    SPIN "error({ statusCode = 400, message = odd('__tostring') }) end",
    SPIN "error({ message = odd('__tostring'), error = odd('__index') }) end",
    SPIN "error(setmetatable({}, { __index = function(t, k) pcall(spin) spin() end })) end",
    SPIN "repeat pcall(error) until false end",
    SPIN "while true do pcall(loadstring, 'x =') end end",
    SPIN "while true do cjson.decode('[1,{\"a\":[]}]') end end",
    SPIN "while true do coroutine.wrap(function() end)() end end",
    SPIN "while true do pcall(router.all, { function() error {} end, error }) end end",
    SPIN "while true do pcall(require, 'nothing') end end",
    SPIN "while true do pcall(router.publish, 'no topic', 1) end end",
    SPIN "local t = odd('__tostring') while true do pcall(next, t, 1) end end",
};

static void what_spins_out_of_sight_is_stopped(void **state)
{
    struct limited *limited = *state;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        print_message("%s\n", strstr(hidden[i], HANDLER) + strlen(HANDLER));
        alarm(20); /* one that is not stopped cannot be passed over */
        assert_stopped(limited, hidden[i], TIME, 0, MR_FAULT_TIME);
        alarm(0);
        assert_well(limited);
    }
}

static void the_trace_tells_where_it_was(void **state)
{
    struct limited *limited = *state;
    struct world *world = &limited->world;
    world_script(world, "local function turn()\n  while true do end\nend\n" HANDLER "\nturn() end");
    limit(limited, PATIENCE, 0);
    struct mr_task *task = world_start(world, "1");
    assert_non_null(strstr(world_text(world->result.fault.trace), "test.lua:2:"));
    assert_non_null(strstr(world_text(world->result.fault.trace), "test.lua:5:"));
    world_end(world, task);
}

static void waiting_is_free_and_each_run_has_the_whole_budget(void **state)
{
    struct limited *limited = *state;
    struct world *world = &limited->world;
    const struct mr_resumption done = {.kind = MR_RESUME_DONE};
    world_script(world, ROUTER HANDLER
                 "for i = 1, 5 do local t = os.clock() + 0.01 while os.clock() < t do end "
                 "router.sleep(1) end return 'done' end");
    limit(limited, PATIENCE, 0);
    struct mr_task *task = world_start(world, "1");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
        assert_int_equal(mr_cell_get(&limited->slot->run.number), 0);
        usleep(PATIENCE / 4 * 1000);
        limit(limited, PATIENCE, 0);
        mr_task_resume(task, &done, &world->result);
    }
    assert_reply(world, "\"done\"");
    world_end(world, task);
}

static void a_resumed_handler_is_stopped_too(void **state)
{
    struct limited *limited = *state;
    struct world *world = &limited->world;
    const struct mr_resumption done = {.kind = MR_RESUME_DONE};
    world_script(world, ROUTER HANDLER "router.sleep(1) while true do end end");
    limit(limited, PATIENCE, 0);
    struct mr_task *task = world_start(world, "1");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    limit(limited, TIME, 0);
    mr_task_resume(task, &done, &world->result);
    assert_int_equal(world->result.fault.kind, MR_FAULT_TIME);
    world_end(world, task);
    assert_well(limited);
}

static void a_signal_for_another_run_is_passed_over(void **state)
{
    struct limited *limited = *state;
    struct world *world = &limited->world;
    world_script(world, HANDLER "return 1 end");
    for (uint64_t number = 0; number < 100; number++) {
        assert_int_equal(mr_interrupt(getpid(), number), 0);
        limit(limited, 0, 0);
        struct mr_task *task = world_start(world, "1");
        assert_reply(world, "1");
        world_end(world, task);
        assert_int_equal(mr_interrupt(getpid(), number + 1), 0);
    }
    kill(getpid(), SIGUSR2);
    assert_well(limited);
}

static const char *const greedy[] = {
    HANDLER "local t = {} while true do t[#t + 1] = { #t } end end",
    HANDLER "local t = {} while true do pcall(function() t[#t + 1] = { #t } end) end end",
    HANDLER "local t = {} for i = 1, 1e9 do t[i] = i end end",
    HANDLER "return ('x'):rep(1e9) end",
    HANDLER "while true do pcall(string.rep, 'x', 1e9) end end",
    HANDLER "return pcall(string.rep, 'x', 1e9) end",
    HANDLER "local s = 'x' while true do s = s .. s end end",
    HANDLER "local s = {} while true do s[#s + 1] = ('x'):rep(1000) .. #s end end",
};

/* A megabyte by itself is little; the same string is given again and again. */
#define MEGA                                                                                       \
    ROUTER "local cjson = require 'cjson' " HANDLER                                                \
           "local mega, list, tree = ('x'):rep(1e6), {}, {} "                                      \
           "for i = 1, 1000 do list[i] = { 'n', mega } end "                                       \
           "tree[1] = mega for i = 1, 20 do tree = { tree, tree } end "

static const char *const repeated[] = {
    MEGA "router.publish('t', 1, { headers = list }) end",
    MEGA "router.request('t', 1, { headers = list }) end",
    MEGA "return 1, list end",
    MEGA "for i = 1, 1000 do list[i] = { mega, 'v' } end return 1, list end",
    MEGA
    "for i = 1, 1000 do list[i] = { mega, 'v' } end router.publish('t', 1, { headers = list }) end",
    MEGA "for i = 1, 100 do router.publish('t', 1, { key = mega }) end end",
    MEGA "for i = 1, 100 do pcall(router.publish, 't', mega) end end",
    MEGA "local all = {} for i = 1, 100 do all[i] = function() router.request('t', mega) end end "
         "router.all(all) end",
    MEGA "for i = 1, 100 do router.spawn(function() router.publish('t', mega) router.sleep(1) end) "
         "end end",
    MEGA "coroutine.wrap(function() for i = 1, 100 do router.publish('t', 1, { headers = { h = "
         "mega } }) "
         "end end)() end",
    MEGA "return tree end",
    MEGA "return #cjson.encode(tree) end",
    MEGA "while true do pcall(cjson.encode, tree) end end",
    MEGA "pcall(router.publish, 't', tree) end",
    MEGA "return list end",
    MEGA "return mega:rep(100) end",
    MEGA "return cjson.encode(mega:rep(20)) .. cjson.encode(mega:rep(20)) end",
};

static void what_is_given_again_and_again_counts_each_time(void **state)
{
    struct limited *limited = *state;
    for (size_t i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++) {
        print_message("%s\n", repeated[i] + strlen(MEGA));
        assert_stopped(limited, repeated[i], 0, MEMORY, MR_FAULT_MEMORY);
        assert_well(limited);
    }
}

static void greedy_handlers_are_stopped_and_what_they_held_is_collected(void **state)
{
    struct limited *limited = *state;
    size_t before = mr_vm_memory(limited->world.vm);
    for (size_t i = 0; i < sizeof(greedy) / sizeof(greedy[0]); i++) {
        assert_stopped(limited, greedy[i], 0, MEMORY, MR_FAULT_MEMORY);
        /* What LuaJIT keeps of its scratch buffer is less than it was. */
        assert_true(mr_vm_memory(limited->world.vm) < before + MEMORY / 2 + MIB);
        assert_well(limited);
    }
}

static void garbage_is_collected_before_a_handler_fails(void **state)
{
    struct limited *limited = *state;
    struct world *world = &limited->world;
    world_script(world, HANDLER "local kept = ('x'):rep(12e6) "
                                "for i = 1, 100 do local t = ('y'):rep(4e6) .. i end "
                                "return #kept end");
    limit(limited, 0, MEMORY);
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "12000000");
    world_end(world, task);
}

static void the_budget_is_for_what_a_task_holds_not_for_all_there_is(void **state)
{
    struct limited *limited = *state;
    struct world *world = &limited->world;
    world_script(world, ROUTER "local kept = {} " HANDLER
                               "kept[#kept + 1] = ('x'):rep(8e6) .. #kept return #kept end");
    for (int i = 0; i < 8; i++) {
        limit(limited, 0, MEMORY);
        struct mr_task *task = world_start(world, "1");
        assert_int_equal(world->result.outcome, MR_OUTCOME_RETURNED);
        world_end(world, task);
    }
}

static void twice_the_budget_ends_the_process(void **state)
{
    struct limited *limited = *state;
    int status;
    world_script(&limited->world, HANDLER "local text = '[' .. ('[],'):rep(3e6) .. '1]' "
                                          "return #require('cjson').decode(text) end");
    limit(limited, 0, MEMORY);
    pid_t child = fork();
    if (child == 0) {
        world_start(&limited->world, "1");
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 71);
}

static void assert_load_refused(struct limited *limited, struct mr_limits limits,
                                const char *script, const char *error)
{
    struct world *world = &limited->world;
    world_files(world, "test.lua", script, NULL);
    mr_vm_limit_loads(world->vm, &limits);
    assert_null(world_load(world));
    assert_string_equal(mr_errors_text(&world->errors), error);
    mr_errors_free(&world->errors);
    mr_vm_limit_loads(world->vm, &(struct mr_limits){.memory = 0});
}

static void a_load_that_hangs_is_refused_with_its_line(void **state)
{
    const struct mr_limits time = {.time = PATIENCE}, memory = {.memory = MEMORY};
    struct limited *limited = *state;
    assert_load_refused(limited, time, "\n\nwhile true do end\n" HANDLER "end",
                        "scripts/test.lua:3: over its time budget of 1000 ms, the budget for "
                        "loading all scripts\n");
    assert_load_refused(limited, time,
                        HANDLER "end\nfunction onLoad()\nwhile true do pcall(error) end end",
                        "scripts/test.lua:3: over its time budget of 1000 ms, the budget for "
                        "loading all scripts\n");
    assert_load_refused(limited, memory,
                        HANDLER "end\nlocal t = {}\nfor i = 1, 1e9 do t[i] = {} end",
                        "scripts/test.lua:3: over its memory budget of 32 MiB, the budget for "
                        "loading all scripts\n");
    assert_well(limited);
}

static void an_unload_that_hangs_ends(void **state)
{
    struct limited *limited = *state;
    mr_vm_limit_loads(limited->world.vm, &(struct mr_limits){.time = PATIENCE});
    world_script(&limited->world, HANDLER "end function onUnload() while true do end end");
    assert_well(limited);
}

/* A master without patience interrupts at any moment, recording and collecting included. */
static void thousands_of_interrupts_at_random_moments_do_no_harm(void **state)
{
    enum { ROUNDS = 8, TURNS = 50 };
    struct limited *limited = *state;
    struct world *world = &limited->world;
    size_t count = sizeof(endless) / sizeof(endless[0]);
    for (size_t i = 0; i < ROUNDS * count; i++) {
        world_script(world, endless[i % count]);
        for (int turn = 0; turn < TURNS; turn++) {
            limit(limited, 1, 64 * MIB);
            struct mr_task *task = world_start(world, "1");
            if (is_endless(endless[i % count]))
                assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
            world_end(world, task);
        }
        assert_well(limited);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(endless_handlers_are_stopped_whatever_they_do),
        TEST(what_spins_out_of_sight_is_stopped),
        TEST(the_trace_tells_where_it_was),
        TEST(waiting_is_free_and_each_run_has_the_whole_budget),
        TEST(a_resumed_handler_is_stopped_too),
        TEST(a_signal_for_another_run_is_passed_over),
        TEST(what_is_given_again_and_again_counts_each_time),
        TEST(greedy_handlers_are_stopped_and_what_they_held_is_collected),
        TEST(garbage_is_collected_before_a_handler_fails),
        TEST(the_budget_is_for_what_a_task_holds_not_for_all_there_is),
        TEST(twice_the_budget_ends_the_process),
        TEST(a_load_that_hangs_is_refused_with_its_line),
        TEST(an_unload_that_hangs_ends),
        cmocka_unit_test_setup_teardown(thousands_of_interrupts_at_random_moments_do_no_harm,
                                        set_up_hasty, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
