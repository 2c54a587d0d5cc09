/* Ways out of the sandbox that were found in it or in others: an environment that is none, the
 * globals behind it, and LuaJIT's own stack. */
#include "evaluating.h"

#include "lua/run/call.h"

static void an_environment_is_a_table(void **state)
{
    static const char *const given[] = {
        "1",
        "true",
        "false",
        "'x'",
        "print",
        "router.null",
        "1LL",
        "coroutine.create(print)",
        "0/0",
        "router.sleep",
        "(('x'):gsub('x', 'y'))",
    };
    world_script(*state, evaluating);
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        char code[256];
        snprintf(code, sizeof(code), "return load('return _G', 'x', 't', %s)().io", given[i]);
        assert_refused(*state, code, "load: expected a table as the environment");
        snprintf(code, sizeof(code), "load(function() return nil end, 'x', 't', %s)", given[i]);
        assert_refused(*state, code, "load: expected a table as the environment");
    }
}

static void code_runs_in_the_environment_that_it_is_given(void **state)
{
    world_script(*state, evaluating);
    assert_evaluates(*state,
                     "return { load('return x', 'x', 't', { x = 5 })(), "
                     "load('return router', 'x', 't', nil)() == router, "
                     "load('return router', 'x')() == router, "
                     "load('return format', 'x', 't', string)() == string.format, "
                     "rawequal(load('return _G', 'x', 't', _G)(), _G) }",
                     "[5,true,true,true,true]");
    assert_refused(*state, "load('format = 1', 'x', 't', string)()", "string: read-only");
}

/* What LuaJIT makes without an environment, on the state itself and on a thread of it. */
static int look_for_globals(lua_State *L, void *data)
{
    lua_State *states[] = {L, lua_newthread(L)};
    (void)data;
    for (size_t i = 0; i < 2; i++) {
        lua_State *in = states[i];
        assert_int_equal(luaL_loadstring(in, "return next(_G)"), 0);
        assert_int_not_equal(lua_pcall(in, 0, 0, 0), 0);
        assert_non_null(strstr(lua_tostring(in, -1), "undefined global"));
        assert_int_equal(luaL_loadstring(in, "colour = 'red'"), 0);
        assert_int_not_equal(lua_pcall(in, 0, 0, 0), 0);
        assert_non_null(strstr(lua_tostring(in, -1), "globals: read-only"));
        lua_pushvalue(in, LUA_GLOBALSINDEX);
        lua_pushnil(in);
        assert_int_equal(lua_next(in, -2), 0);
    }
    return 0;
}

static void no_chunk_and_no_thread_sees_the_globals_of_the_runtime(void **state)
{
    struct world *world = *state;
    assert_int_equal(mr_call(world->vm, look_for_globals, NULL), 0);
    mr_call_done(world->vm);
    world_script(world, evaluating); /* scripts load, and draw numbers, all the same */
    assert_evaluates(world, "return math.random(5, 5)", "5");
}

/* LuaJIT's own pcall has no look at the stack's room: issue 1048 of its tracker. */
static void calls_that_nest_by_their_arguments_keep_to_the_stack(void **state)
{
    static const char *const codes[] = {
        "return { select(-1, setmetatable({}, { __call = pcall })()) }",
        "local t = {} for i = 1, 100 do t[i] = pcall end return { select(-1, pcall(unpack(t))) }",
        "local t = {} for i = 1, 7000 do t[i] = pcall end return { select(-1, pcall(unpack(t))) }",
        "local t = {} for i = 1, 7001 do t[i] = xpcall end return { select(-1, xpcall(unpack(t))) "
        "}",
        "local o = setmetatable({}, {}) local t = {} for i = 1, 4000 do t[i] = pcall end "
        "getmetatable(o).__call = function(_, ...) return pcall(unpack(t)) end "
        "return { select(-1, o()) }",
        "local o = setmetatable({}, { __newindex = pcall, __call = pairs }) "
        "local function f(n, ...) pcall(function() o[o] = o end) if n > 0 then f(n - 1, n, ...) "
        "end "
        "end f(200) return { 'attempt' }",
        "return { select(-1, coroutine.wrap(setmetatable({}, { __call = pcall }))()) }",
        "return { select(-1, router.breaker('stack'):call(setmetatable({}, { __call = pcall }))) }",
    };
    world_script(*state, evaluating);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        evaluate(*state, codes[i]);
        evaluate(*state, "return 'served'");
        assert_int_equal(((struct world *)*state)->result.outcome, MR_OUTCOME_RETURNED);
    }
    assert_evaluates(*state,
                     "return select(-1, setmetatable({}, { __call = pcall })())"
                     ":match('stack overflow')",
                     "stack overflow");
}

/* Issues 1152 and 1471: LuaJIT's own xpcall calls its handler at the end of a full stack. */
static void a_handler_of_xpcall_is_called_once_and_with_room(void **state)
{
    static const char *const codes[] = {
        "local add add = function(a, b) local _ add(a, b) end local meta = { __add = add } "
        "local a, b = setmetatable({}, meta), setmetatable({}, meta) "
        "local function wrap() local _ = a + b end coroutine.wrap(function() "
        "xpcall(error, function() pcall(error) local _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, "
        "_, _, _, _, _, _, _, _, _, _, _, _, _, _ wrap() end) end)()",
        "local add = function(a, b) local _ add(a, b) end local meta = { __add = add } "
        "local a, b = setmetatable({}, meta), setmetatable({}, meta) "
        "coroutine.wrap(function() xpcall(error, function() pcall(error) local _ = a + b end) "
        "end)()",
        "for n = 1, 150, 7 do local f = loadstring('local function r() ' .. ('local _ '):rep(n) .. "
        "' r() end return r')() local function bad() bad() end "
        "coroutine.wrap(function() xpcall(f, bad) xpcall(f, f) xpcall(f, error) end)() end",
    };
    world_script(*state, evaluating);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        evaluate(*state, codes[i]);
        assert_evaluates(*state, "return 'served'", "served");
    }
    assert_evaluates(
        *state,
        "local calls, n = {}, 0 local function note(...) n = n + 1 "
        "calls[n] = { select('#', ...), ... } error('in it') end "
        "local r = { xpcall(error, note, 'raised', 0) } "
        "local a = { xpcall(function(...) return select('#', ...), nil, 3 end, note, 1, nil) } "
        "local b = { xpcall(error, function() return nil end) } "
        "local c = { xpcall(error, function(e) return e, 'more' end, 'e', 0) } "
        "return { n, calls, r, a[2], a[4], #b, c, select('#', xpcall(error, print)), "
        "(select(2, pcall(xpcall, print))) }",
        "[1,[[1,\"raised\"]],[false,\"error in error handling\"],2,3,1,[false,\"e\"],2,"
        "\"bad argument #2 to 'xpcall' (function expected, got no value)\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(an_environment_is_a_table),
        world_test(code_runs_in_the_environment_that_it_is_given),
        world_test(no_chunk_and_no_thread_sees_the_globals_of_the_runtime),
        world_test(a_handler_of_xpcall_is_called_once_and_with_room),
        world_test(calls_that_nest_by_their_arguments_keep_to_the_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
