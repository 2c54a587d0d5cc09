/* What scripts cannot reach, and what they cannot change. */
#include "world.h"

/* Runs what it is sent as code. */
static const char evaluating[] =
    "router = require 'moonroute' "
    "function handleMessage(_, code) return assert(loadstring(code))() end";

static void evaluate(struct world *world, const char *code)
{
    struct mr_incoming incoming = world_message(code);
    world_end(world, world_begin(world, MR_CODEC_RAW, &incoming));
}

static void assert_refused(struct world *world, const char *code, const char *why)
{
    evaluate(world, code);
    if (world->result.outcome != MR_OUTCOME_RAISED)
        fail_msg("not refused: %s", code);
    const char *message = world_text(world->result.fault.message);
    if (strstr(message, why) == NULL)
        fail_msg("%s: expected '%s' in '%s'", code, why, message);
}

static void assert_evaluates(struct world *world, const char *code, const char *expected)
{
    struct mr_incoming incoming = world_message(code);
    struct mr_task *task = world_begin(world, MR_CODEC_RAW, &incoming);
    assert_reply(world, expected);
    world_end(world, task);
}

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
        world_test(random_numbers_differ_between_workers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
