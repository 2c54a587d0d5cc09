/* Runaway and greedy handlers, each stopped by its budget: the message has its outcome, the worker
 * and what else it serves go on. What a handler does is in the message, as Lua. */
#include "harness/world.h"

static const char hostile[] = "local router = require 'moonroute'\n"
                              "function handleMessage(topic, message)\n"
                              "  return assert(load(message.code))(router)\n"
                              "end\n";
static const char quiet[] = "function handleMessage() return 'here' end\n";

enum { TIME = 300, LONG = 5000, GRACE = 1000 }; /* ms */

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "hostile", 1, hostile);
    world_serve(world, "greedy", 1, hostile);
    world_serve(world, "patient", 1, hostile);
    world_serve(world, "quiet", 1, quiet);
    cluster_topic(&world->cluster, "hostile-dlq", 1);
    client_read(world->client, "hostile-dlq", 1);
    router_config(&world->router,
                  "defaults = { retry = { max = 0 }, budget = { time = 300, memory = '32MB' } },"
                  "routes = { greedy = { budget = { time = 5000 } },"
                  "patient = { budget = { total = 2500 } } }");
    router_start(&world->router);
    world_ask(world, "quiet", "{}");
    return 0;
}

static const char *json_of(const char *code)
{
    static char json[1000];
    snprintf(json, sizeof(json), "{\"code\":\"%s\"}", code);
    return json;
}

/* Asks a hostile topic, and the quiet one right behind it, which answers in time; returns the error
 * that the first one is answered with. */
static const struct record *assault(struct world *world, const char *topic, const char *code)
{
    int within = GRACE + (strcmp(topic, "greedy") == 0 ? LONG : TIME);
    const char *id = unique("hostile"), *other = unique("quiet");
    world_request(world, topic, NULL, id, json_of(code));
    client_flush(world->client);
    uint64_t began = mr_clock_ms();
    world_request(world, "quiet", NULL, other, "{}");
    world_reply(world, other);
    uint64_t took = mr_clock_ms() - began;
    if (took > (uint64_t)within)
        fail_msg("the other topic waited for %d ms: %s", (int)took, code);
    return world_reply(world, id);
}

static void assert_stopped(struct world *world, const char *topic, const char *code,
                           const char *status, const char *message)
{
    const struct record *reply = assault(world, topic, code);
    if (record_header(reply, "status-code").data == NULL)
        fail_msg("not stopped: %s", code);
    assert_text(record_header(reply, "status-code"), status);
    assert_text(reply->value, message);
}

#define OVER_TIME                                                                                  \
    "{\"statusCode\":504,\"message\":\"over its time budget of 300 ms\","                          \
    "\"error\":\"InternalServerError\"}"
#define OVER_MEMORY                                                                                \
    "{\"statusCode\":500,\"message\":\"over its memory budget of 32 MiB\","                        \
    "\"error\":\"InternalServerError\"}"

static const char *const endless[] = {
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "coroutine.wrap(function() while true do end end)()",
    "::again:: goto again",
    "local x = 0 for i = 1, 1e18 do x = x + i % 7 end return x",
    "local function f(n) return f(n + 1) end return f(1)",
    "local function f() pcall(f) return f() end return f()",
    "xpcall(function() while true do end end, function() while true do end end)",
    "error(setmetatable({}, { __tostring = function() while true do end end }))",
    "(...).sleep(1) while true do end",
    "load(function() while true do end end)",
    "while true do ('abc'):gsub('.', function(c) return c .. c end) end",
};

static void endless_handlers_are_answered_504_and_nobody_dies(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++)
        assert_stopped(world, "hostile", endless[i], "504", OVER_TIME);
    router_assert_nobody_died(&world->router);
    const struct record *letter = client_await(world->client, "hostile-dlq", 0);
    assert_text(record_header(letter, "error"), "over its time budget of 300 ms");
    assert_text(letter->value, json_of(endless[0]));
}

static const char *const greedy[] = {
    "local t = {} while true do t[#t + 1] = { #t } end",
    "local t = {} while true do pcall(function() t[#t + 1] = { #t } end) end",
    "return #('x'):rep(1e9)",
    "while true do pcall(string.rep, 'x', 1e9) end",
    "local s = 'x' while true do s = s .. s end",
};

static void greedy_handlers_are_answered_500_and_nobody_dies(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(greedy) / sizeof(greedy[0]); i++)
        assert_stopped(world, "greedy", greedy[i], "500", OVER_MEMORY);
    router_assert_nobody_died(&world->router);
    AWAIT(router_metric(&world->router, "lua_memory_bytes") < 32e6);
}

static void deep_recursion_is_an_error_like_any_other(void **state)
{
    struct world *world = *state;
    const struct record *reply =
        assault(world, "hostile", "local function f() return 1 + f() end return f()");
    assert_text(record_header(reply, "status-code"), "500");
    router_assert_nobody_died(&world->router);
}

static void waiting_is_free(void **state)
{
    struct world *world = *state;
    assert_text(world_ask(world, "hostile", json_of("(...).sleep(700) return 1"))->value, "1");
}

static const char *const never_ending[] = {
    "while true do (...).sleep(0) end",
    "(...).sleep(3600000)",
    "local r = ... r.all({ function() r.sleep(3600000) end })",
    "local r = ... while true do pcall(r.sleep, 0) end",
    "local r = ... r.spawn(function() while true do r.sleep(0) end end) r.sleep(3600000)",
};

/* Meanwhile its age is shown, and the other topic is served. */
static void a_handler_that_never_ends_is_ended_by_its_total_budget(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(never_ending) / sizeof(never_ending[0]); i++) {
        char id[64];
        snprintf(id, sizeof(id), "%s", unique("patient"));
        world_request(world, "patient", NULL, id, json_of(never_ending[i]));
        client_flush(world->client);
        AWAIT(router_metric(&world->router, "oldest_handler_seconds") >= 1);
        assert_true(router_shows(&world->router, "\"oldest_handler_seconds\":"));
        world_ask(world, "quiet", "{}");
        const struct record *reply = world_reply(world, id);
        assert_text(record_header(reply, "status-code"), "504");
        assert_text(reply->value, "{\"statusCode\":504,\"message\":\"over its total budget of 2500 "
                                  "ms\",\"error\":\"InternalServerError\"}");
        AWAIT(router_metric(&world->router, "messages_in_flight") == 0);
    }
    AWAIT(router_metric(&world->router, "oldest_handler_seconds") == 0);
    router_assert_nobody_died(&world->router);
}

static void what_runs_is_shown_in_the_status(void **state)
{
    struct world *world = *state;
    const char *id = unique("shown");
    world_request(world, "hostile", NULL, id, json_of("while true do end"));
    AWAIT(router_shows(&world->router, "\"running\":{\"topic\":\"hostile\",\"partition\":0,"));
    world_reply(world, id);
}

static void a_reload_that_hangs_is_refused_with_its_line(void **state)
{
    struct world *world = *state;
    size_t from = router_log_size(&world->router);
    router_script(&world->router, "quiet", "\nwhile true do end\nfunction handleMessage() end\n");
    assert_false(router_reload(&world->router));
    assert_true(router_logged(
        &world->router, from,
        "quiet.lua:2: over its time budget of 3000 ms, the budget for loading all scripts"));
    router_script(&world->router, "quiet", quiet);
    assert_true(router_reload(&world->router));
    world_ask(world, "quiet", "{}");
    router_assert_nobody_died(&world->router);
}

/* A pattern that C works on for years: the worker is killed, its successor tries once more, and the
 * third does not. */
static void what_cannot_be_interrupted_costs_the_worker_and_is_not_run_a_third_time(void **state)
{
    struct world *world = *state;
    const char *id = unique("pattern");
    size_t from = router_log_size(&world->router);
    world_request(world, "hostile", NULL, id,
                  json_of("return ('a'):rep(3e5):find(('a*'):rep(12) .. 'b')"));
    const struct record *reply = world_reply(world, id);
    assert_text(reply->value, "{\"statusCode\":500,\"message\":\"workers died twice while handling "
                              "this message: signal SIGKILL, over its time budget and "
                              "impossible to interrupt\",\"error\":\"InternalServerError\"}");
    assert_true(router_metric(&world->router, "worker_restarts_total{reason=\"budget\"}") == 2);
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"worker_died\""), 2);
    AWAIT(router_is_ready(&world->router));
    world_ask(world, "quiet", "{}");
}

/* A C function that grows too fast for anything else. */
static void twice_its_memory_costs_the_worker(void **state)
{
    struct world *world = *state;
    const char *id = unique("growth");
    size_t from = router_log_size(&world->router);
    world_request(world, "greedy", NULL, id,
                  json_of("local text = '[' .. ('[],'):rep(3e6) .. '1]' "
                          "return #require('cjson').decode(text)"));
    const struct record *reply = world_reply(world, id);
    assert_text(record_header(reply, "status-code"), "500");
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"memory_exhausted\""),
                     2);
    assert_true(router_logged(&world->router, from, "exit status 71, at twice its memory budget"));
}

static void a_script_that_hangs_at_the_start_is_told_with_its_line(void **state)
{
    struct world *world = *state;
    router_stop(&world->router);
    router_script(&world->router, "quiet", "\n\nwhile true do end\nfunction handleMessage() end\n");
    router_spawn(&world->router);
    assert_int_equal(router_await_exit(&world->router, PATIENCE), 65);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endless_handlers_are_answered_504_and_nobody_dies),
        cmocka_unit_test(greedy_handlers_are_answered_500_and_nobody_dies),
        cmocka_unit_test(deep_recursion_is_an_error_like_any_other),
        cmocka_unit_test(waiting_is_free),
        cmocka_unit_test(a_handler_that_never_ends_is_ended_by_its_total_budget),
        cmocka_unit_test(what_runs_is_shown_in_the_status),
        cmocka_unit_test(a_reload_that_hangs_is_refused_with_its_line),
        cmocka_unit_test(what_cannot_be_interrupted_costs_the_worker_and_is_not_run_a_third_time),
        cmocka_unit_test(twice_its_memory_costs_the_worker),
        cmocka_unit_test(a_script_that_hangs_at_the_start_is_told_with_its_line),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
