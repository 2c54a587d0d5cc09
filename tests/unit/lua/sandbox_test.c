/* What scripts cannot reach, and what they cannot change. */
#include "evaluating.h"
#include "lua/run/room.h"

static void what_reaches_out_is_not_there(void **state)
{
    static const char *const names[] = {
        "io",         "ffi",          "debug",       "package",   "jit",       "module",
        "dofile",     "getfenv",      "loadfile",    "setfenv",   "newproxy",  "gcinfo",
        "arg",        "os.execute",   "os.exit",     "os.getenv", "os.remove", "os.rename",
        "os.tmpname", "os.setlocale", "string.dump",
    };
    world_script(*state, evaluating);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char code[128], why[128];
        bool is_field = strchr(names[i], '.') != NULL;
        snprintf(code, sizeof(code), "%s()", names[i]);
        snprintf(why, sizeof(why), is_field ? "attempt to call field" : "undefined global '%s'",
                 names[i]);
        assert_refused(*state, code, why);
    }
}

static void modules_of_the_runtime_cannot_be_required(void **state)
{
    static const char *const names[] = {"ffi",
                                        "io",
                                        "debug",
                                        "jit",
                                        "jit.util",
                                        "package",
                                        "moonroute.host",
                                        "moonroute.sandbox",
                                        "table.new",
                                        "string.buffer",
                                        "busted"};
    world_script(*state, evaluating);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char code[128];
        snprintf(code, sizeof(code), "return require '%s'", names[i]);
        assert_refused(*state, code, "not found: no scripts/lib/");
    }
}

static void escapes_are_refused(void **state)
{
    static const struct {
        const char *code, *why;
    } cases[] = {
        {"return load('\\27LJ')()", "attempt to call"},
        {"return loadstring('\\27LJ\\2')()", "attempt to call"},
        {"return load('\\27LJ\\2', 'x', 'b')()", "attempt to call"},
        {"return ('x').dump(print)", "attempt to call field 'dump'"},
        {"return getmetatable('').__index.dump", "attempt to index a boolean value"},
        {"setmetatable(_G, nil)", "cannot change a protected metatable"},
        {"setmetatable(_G, {})", "cannot change a protected metatable"},
        {"getmetatable(_G).__index = nil", "attempt to index a boolean value"},
        {"setmetatable(string, {})", "cannot change a protected metatable"},
        {"rawset(string, 'format', print)", "string: read-only"},
        {"rawset(router, 'publish', print)", "router: read-only"},
        {"rawset(router.log, 'info', print)", "router.log: read-only"},
        {"string.format = print", "string: read-only"},
        {"string.mine = 1", "string: read-only"},
        {"table.insert = nil", "table: read-only"},
        {"math.pi = 3", "math: read-only"},
        {"os.time = nil", "os: read-only"},
        {"bit.band = nil", "bit: read-only"},
        {"coroutine.wrap = nil", "coroutine: read-only"},
        {"router.publish = nil", "router: read-only"},
        {"router.log.info = nil", "router.log: read-only"},
        {"require('cjson').encode = nil", "cjson: read-only"},
        {"require('string').format = nil", "string: read-only"},
        {"setmetatable(router.array(), {})", "cannot change a protected metatable"},
        {"collectgarbage()", "collectgarbage: only collectgarbage(\"count\") is allowed"},
        {"collectgarbage('stop')", "collectgarbage: only"},
        {"loadstring('handleMessage = nil x = y')()", "undefined global 'y'"},
        {"return _G.nothing", "undefined global 'nothing'"},
        {"pairs(nil)", "bad argument #1 to 'pairs' (table expected, got nil)"},
        {"require('cjson').decode('{')", "cjson.decode: "},
    };
    world_script(*state, evaluating);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_refused(*state, cases[i].code, cases[i].why);
}

/* What one script gets past the guards does not reach another. */
static void what_a_script_breaks_is_its_own(void **state)
{
    struct world *world = *state;
    world_files(world, "a.lua",
                "table.insert(string, 'odd') table.insert(require 'moonroute', 'odd') "
                "string = { format = print } print = nil "
                "function handleMessage() end",
                "test.lua",
                "local router = require 'moonroute' function handleMessage() "
                "return { #string, #router, string.format('%d', 5), type(print) } end",
                NULL);
    world->generation = world_load(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "[0,0,\"5\",\"function\"]");
    world_end(world, task);
}

static void walking_a_library_gives_no_way_into_it(void **state)
{
    struct world *world = *state;
    world_script(world, evaluating);
    assert_evaluates(world,
                     "local _, real = pairs(string) real.format = nil "
                     "for name in pairs(string) do assert(string[name]) end "
                     "local n = 0 for _ in pairs(router) do n = n + 1 end "
                     "return { string.format('%d', 5), n > 10 }",
                     "[\"5\",true]");
}

static void the_rest_of_lua_is_there(void **state)
{
    struct world *world = *state;
    world_script(world, evaluating);
    assert_evaluates(
        world,
        "return { #os.date('%Y'), type(os.time()), type(os.clock()), os.difftime(5, 3), "
        "math.floor(1.5), bit.band(6, 3), ('x'):rep(3), table.concat({ 1, 2 }, ','), "
        "select('#', 1, 2), tostring(nil), tonumber('0x10'), (next({})) == nil, "
        "type(collectgarbage('count')), unpack({ 7 }) }",
        "[4,\"number\",\"number\",2,1,2,\"xxx\",\"1,2\",2,\"nil\",16,true,\"number\",7]");
    assert_evaluates(world,
                     "local cjson = require 'cjson' return { cjson.encode({ 1 }), "
                     "cjson.decode('[5]')[1], cjson.null == router.null, "
                     "require 'bit' == bit, require 'moonroute' == router }",
                     "[\"[1]\",5,true,true,true]");
    assert_evaluates(world,
                     "local env = { x = 5 } return { load('return x', 'chunk', 't', env)(), "
                     "loadstring('mine = 6 return mine')(), mine, "
                     "select(2, loadstring('return =', '=chunk')), "
                     "select(2, xpcall(error, function(e) return e .. '!' end, 'oh')) }",
                     "[5,6,6,\"chunk:1: unexpected symbol near '='\",\"oh!\"]");
    assert_evaluates(
        world,
        "local t = setmetatable({}, { __pairs = function() return next, { a = 1 } end }) "
        "local seen for k in pairs(t) do seen = k end rawset(t, 'b', 2) "
        "return { seen, rawget(t, 'b'), rawequal(t, t), #getmetatable(t) }",
        "[\"a\",2,true,0]");
}

/* Each of these ended the process once: LuaJIT does not count the C stack that they take. */
static void what_nests_without_end_is_an_error(void **state)
{
    struct world *world = *state;
    world_script(world, evaluating);
    assert_evaluates(world,
                     "local function nest() return (('x'):gsub('x', nest)) end "
                     "return (select(2, pcall(nest))):match('stack overflow')",
                     "stack overflow");
    assert_evaluates(world,
                     "local function nest() return coroutine.wrap(nest)() end "
                     "return (select(2, pcall(nest))):match('stack overflow')",
                     "stack overflow");
    assert_evaluates(world,
                     "local function nest() return coroutine.wrap(function() "
                     "return (('x'):gsub('x', nest)) end)() end "
                     "return (select(2, pcall(nest))):match('stack overflow')",
                     "stack overflow");
    assert_evaluates(world,
                     "local function within(recurse) local done local function nest() "
                     "local ok = pcall(coroutine.wrap(nest)) "
                     "if not ok and not done then done = true recurse() end end "
                     "nest() return done end "
                     "local function sort() table.sort({ 1, 2 }, sort) end "
                     "local function read() return load(read) end "
                     "local function show() return '' .. tostring(setmetatable({}, "
                     "{ __tostring = show })) end "
                     "return { within(function() pcall(sort) end), within(function() pcall(read) "
                     "end), within(function() pcall(show) end) }",
                     "[true,true,true]");
}

/* router.publish asks the value for its id, which may yield in a script's coroutine; that one may
 * be resumed while no message is handled. */
static void nothing_is_published_for_a_message_that_is_done(void **state)
{
    struct world *world = *state;
    world_script(world,
                 "local router = require 'moonroute' "
                 "local co = coroutine.create(function() router.publish('t', setmetatable({}, "
                 "{ __index = function() coroutine.yield() end })) end) "
                 "function handleMessage() coroutine.resume(co) "
                 "error(setmetatable({ n = 1 }, { __tostring = function() "
                 "coroutine.resume(co) coroutine.resume(co) "
                 "return tostring(select(2, coroutine.resume(co))) .. coroutine.status(co) end })) "
                 "end");
    struct mr_task *task = world_start(world, "1");
    assert_raised(world, "dead");
    world_end(world, task);
    assert_int_equal(world->published.count, 0);
}

/* What a library leaves behind when the stack is full in the middle of loading it. */
static void a_library_that_breaks_off_leaves_the_router_usable(void **state)
{
    struct world *world = *state;
    world_files(world, "lib/broken.lua", "error('broken')", "test.lua",
                "local router = require 'moonroute' "
                "local function fill() pcall(require, 'broken') return 1 + fill() end "
                "function handleMessage() pcall(fill) "
                "local _, why = pcall(require, 'broken') router.sleep(1) return why end",
                NULL);
    world->generation = world_load(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
    struct mr_task *task = world_start(world, "1");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    const struct mr_resumption done = {.kind = MR_RESUME_DONE};
    mr_task_resume(task, &done, &world->result);
    assert_reply(world, "\"scripts/lib/broken.lua:1: broken\"");
    world_end(world, task);
}

static void a_script_seeds_its_own_random_numbers(void **state)
{
    struct world *world = *state;
    world_files(world, "a.lua",
                "math.randomseed(7) function onLoad() math.randomseed(7) end "
                "function handleMessage() end",
                "test.lua",
                "math.randomseed(7) local first = math.random(1e9) math.randomseed(7) "
                "function handleMessage() return math.random(1e9) == first end",
                NULL);
    world->generation = world_load(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "true");
    world_end(world, task);
}

/* The handler is looked up once, as the script has loaded. */
static void a_handler_that_is_replaced_while_it_runs_stays(void **state)
{
    struct world *world = *state;
    world_script(world, "local n = 0 function handleMessage() n = n + 1 handleMessage = nil "
                        "_G.handleMessage = function() return 'other' end return n end");
    for (int i = 1; i <= 2; i++) {
        struct mr_task *task = world_start(world, "1");
        assert_reply(world, i == 1 ? "1" : "2");
        world_end(world, task);
    }
}

static void json_without_end_is_refused(void **state)
{
    assert_fails(*state,
                 "function handleMessage() local text, list = ('x'):rep(2 ^ 20), {} "
                 "for i = 1, 1000 do list[i] = text end return list end",
                 "1", "more than 256 MB of JSON");
}

static void of_a_long_error_the_beginning_is_kept(void **state)
{
    struct world *world = *state;
    world_script(world, "function handleMessage() error(('x'):rep(1e7), 0) end");
    struct mr_task *task = world_start(world, "1");
    assert_int_equal(world->result.outcome, MR_OUTCOME_RAISED);
    assert_int_equal(world->result.fault.message.length, 16384 + 3);
    assert_int_equal(world->result.fault.trace.length, 16384 + 3);
    world_end(world, task);
}

/* --- sandbox = false --- */

#define trusted_test(function)                                                                     \
    cmocka_unit_test_setup_teardown(function, trusted_setup, world_teardown)

static int trusted_setup(void **state)
{
    world_setup(state);
    struct world *world = *state;
    mr_vm_free(world->vm);
    world->vm = world_vm(world, MR_TRUSTED);
    return 0;
}

static void a_trusted_script_has_all_of_lua(void **state)
{
    struct world *world = *state;
    world_script(world, evaluating);
    assert_evaluates(world,
                     "local ffi = require 'ffi' ffi.cdef 'int getpid(void);' "
                     "return { ffi.C.getpid() > 0, io.open('/proc/self/stat'):read(1) ~= nil, "
                     "os.getenv('PATH') ~= nil, type(debug.sethook), type(jit.version), "
                     "getfenv(1) == _G, type(package.loaded), load(string.dump(function() "
                     "return 5 end))(), type(require 'table.new'), type(newproxy()) }",
                     "[true,true,true,\"function\",\"string\",true,\"table\",5,\"function\","
                     "\"userdata\"]");
    assert_refused(world, "return colour", "undefined global 'colour'");
    assert_refused(world, "return require 'nowhere'",
                   "module 'nowhere' not found: no scripts/lib/");
}

static void trusted_scripts_have_globals_of_their_own(void **state)
{
    struct world *world = *state;
    world_files(world, "a.lua", "colour = 'red' print = nil function handleMessage() end",
                "lib/paint.lua", "return { name = 'paint' }", "test.lua",
                "local paint = require 'paint' local other = require 'other' "
                "function handleMessage() return { paint.name, rawget(_G, 'colour') == nil, "
                "type(print), other } end",
                "b.lua",
                "package.preload.other = function() return 'other' end "
                "function handleMessage() end",
                NULL);
    struct mr_script_file b = world->files[3]; /* loads before test.lua */
    world->files[3] = world->files[2];
    world->files[2] = b;
    world->generation = world_load(world);
    assert_string_equal(mr_errors_text(&world->errors), "");
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "[\"paint\",true,\"function\",\"other\"]");
    world_end(world, task);
}

/* A module of Lua's own world has the coroutines through which the router can wait. */
static void a_trusted_script_waits_in_coroutines_of_any_module(void **state)
{
    struct world *world = *state;
    world_script(world, "local router = require 'moonroute' "
                        "local run = setfenv(loadstring('return coroutine.wrap(...)()'), "
                        "getfenv(0)) "
                        "function handleMessage() return run(function() router.sleep(1) "
                        "return 'woken' end) end");
    struct mr_task *task = world_start(world, "1");
    assert_int_equal(world->result.outcome, MR_OUTCOME_YIELDED);
    const struct mr_resumption done = {.kind = MR_RESUME_DONE};
    mr_task_resume(task, &done, &world->result);
    assert_reply(world, "\"woken\"");
    world_end(world, task);
}

static void a_trusted_scripts_coroutines_yield_to_whoever_resumed_them(void **state)
{
    assert_handles(*state,
                   "function handleMessage() local run = coroutine.wrap(function(a) "
                   "local b = coroutine.yield(a + 1) return b, type(coroutine.running()) end) "
                   "return { run(1), coroutine.running() == nil, run(5) } end",
                   "1", "[2,true,5,\"thread\"]");
    assert_fails(*state, "function handleMessage() coroutine.yield(1) end", "1",
                 "attempt to yield outside a coroutine");
}

static void a_yield_behind_the_runtimes_back_is_an_error(void **state)
{
    struct world *world = *state;
    world_script(world, "local _, yield for i = 1, 9 do local name, value = "
                        "debug.getupvalue(coroutine.yield, i) "
                        "if name == 'raw_yield' then yield = value end end "
                        "function handleMessage(_, message) yield(unpack(message)) end");
    static const char *const wishes[] = {"[]", "[1]", "[\"sleep\",5]", "[null,\"sleep\",5]",
                                         "[[],\"request\",{}]"};
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        struct mr_task *task = world_start(world, wishes[i]);
        assert_raised(world, "the handler yielded outside a coroutine");
        world_end(world, task);
    }
    assert_int_equal(world->sleeps, 0);
}

/* It raises in whoever allocates, as LuaJIT has it; never outside of a protected call. */
static void a_finalizer_that_raises_ends_no_worker(void **state)
{
    struct world *world = *state;
    world_script(world,
                 "local router, cjson = require 'moonroute', require 'cjson' local function trap() "
                 "for i = 1, 20 do getmetatable(newproxy(true)).__gc = function() trap_again() "
                 "end end end function handleMessage(_, message) trap() "
                 "pcall(router.sleep, 1) trap() router.spawn(function() trap() "
                 "router.request('t', 1) end) return 1 end");
    for (int i = 0; i < 400; i++) {
        struct mr_resumption bad = {.kind = MR_RESUME_REPLY, .value = mr_bytes_of("[")};
        world->refusal = i % 3 == 0 ? "refused" : NULL;
        struct mr_task *task = world_start(world, "{\"a\":[1]}");
        for (; world->result.outcome == MR_OUTCOME_YIELDED && i % 5 != 0; bad.wait++)
            mr_task_resume(task, &bad, &world->result);
        world_end(world, task);
        if (i % 7 == 0)
            mr_vm_collect(world->vm);
    }
    world->refusal = NULL;
}

static void random_numbers_differ_between_workers(void **state)
{
    struct world *world = *state, other;
    char first[8192];
    const char *code = "return math.random(2 ^ 40)";
    world_open(&other);
    world_script(world, evaluating);
    world_script(&other, evaluating);
    struct mr_incoming incoming = world_message(code);
    struct mr_task *task = world_begin(world, MR_CODEC_RAW, &incoming);
    snprintf(first, sizeof(first), "%s", world_text(world->result.value));
    world_end(world, task);
    task = world_begin(&other, MR_CODEC_RAW, &incoming);
    assert_string_not_equal(first, world_text(other.result.value));
    world_end(&other, task);
    world_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(what_reaches_out_is_not_there),
        world_test(modules_of_the_runtime_cannot_be_required),
        world_test(escapes_are_refused),
        world_test(what_a_script_breaks_is_its_own),
        world_test(walking_a_library_gives_no_way_into_it),
        world_test(the_rest_of_lua_is_there),
        world_test(what_nests_without_end_is_an_error),
        world_test(nothing_is_published_for_a_message_that_is_done),
        world_test(a_library_that_breaks_off_leaves_the_router_usable),
        world_test(a_script_seeds_its_own_random_numbers),
        world_test(a_handler_that_is_replaced_while_it_runs_stays),
        world_test(json_without_end_is_refused),
        world_test(of_a_long_error_the_beginning_is_kept),
        trusted_test(a_trusted_script_has_all_of_lua),
        trusted_test(trusted_scripts_have_globals_of_their_own),
        trusted_test(a_trusted_script_waits_in_coroutines_of_any_module),
        trusted_test(a_trusted_scripts_coroutines_yield_to_whoever_resumed_them),
        trusted_test(a_yield_behind_the_runtimes_back_is_an_error),
        trusted_test(a_finalizer_that_raises_ends_no_worker),
        world_test(random_numbers_differ_between_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
