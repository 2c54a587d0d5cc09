/* A script that keeps more and more memory costs its neighbours nothing: they are served, without a
 * failure and without a dead letter, and whoever looks after the router is told which script it is.
 */
#include "base/buf.h"
#include "harness/world.h"

static const char leaky[] = "local seen = {}\n"
                            "function handleMessage()\n"
                            "  seen[#seen + 1] = ('x'):rep(1000) .. #seen\n"
                            "end\n";
/* Much garbage, and nothing kept. */
static const char wasteful[] = "function handleMessage()\n"
                               "  local t\n"
                               "  for i = 1, 200 do t = { ('y'):rep(500) .. i, t and t[1] } end\n"
                               "  return #t\n"
                               "end\n";
static const char quiet[] = "function handleMessage() return 'here' end\n";
static const char storm[] = "local seen = {}\n"
                            "function handleMessage()\n"
                            "  seen[#seen + 1] = ('x'):rep(1000000) .. #seen\n"
                            "end\n";
/* What a message needs it needs for a while. */
static const char burst[] = "local router = require 'moonroute'\n"
                            "function handleMessage(topic, message)\n"
                            "  router.sleep(300)\n"
                            "  local copy = {}\n"
                            "  for i = 1, message.count do copy[i] = { i } end\n"
                            "  router.sleep(300)\n"
                            "  return #copy\n"
                            "end\n";

/* Sleeps, and then looks at each item of a large message. */
static const char summing[] = "local router = require 'moonroute'\n"
                              "function handleMessage(topic, message)\n"
                              "  router.sleep(1500)\n"
                              "  local sum, copies = 0, {}\n"
                              "  for i, item in ipairs(message.items) do\n"
                              "    sum = sum + item.n\n"
                              "    copies[i] = { n = sum, pad = item.pad .. i }\n"
                              "  end\n"
                              "end\n";

enum { LEAKS = 20000, STORMS = 120, BURSTS = 60, ITEMS = 4000, LARGE = 28 };

static int set_up(void **state)
{
    static const char *const dead[] = {"leaky-dlq", "quiet-dlq", "wasteful-dlq", "storm-dlq",
                                       "burst-dlq"};
    struct world *world = world_new(1, 1);
    *state = world;
    for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
        cluster_topic(&world->cluster, dead[i], 1);
        client_read(world->client, dead[i], 1);
    }
    cluster_topic(&world->cluster, "quiet", 1);
    router_script(&world->router, "quiet", quiet);
    router_config(&world->router, "defaults = { budget = { memory = '16MB' } }");
    return 0;
}

static void send_many(struct world *world, const char *topic, int count)
{
    for (int i = 0; i < count; i++)
        world_send(world, &(struct question){.topic = topic, .json = "{}"});
    client_flush(world->client);
}

static void assert_no_death(struct world *world)
{
    assert_true(router_metric(&world->router, "worker_restarts_total{reason=\"signal\"}") == 0);
    assert_true(router_metric(&world->router, "worker_restarts_total{reason=\"exit\"}") == 0);
    assert_true(router_metric(&world->router, "worker_restarts_total{reason=\"budget\"}") == 0);
}

static void assert_no_dead_letter(struct world *world, const char *topic)
{
    client_catch_up(world->client, topic, 1);
    assert_int_equal(client_count(world->client, topic), 0);
}

static double replaced(const struct world *world)
{
    return router_metric(&world->router, "worker_restarts_total{reason=\"memory\"}");
}

static bool health_names(const struct world *world, const char *script)
{
    char *body, wanted[100];
    snprintf(wanted, sizeof(wanted), "\"script\":\"%s\"", script);
    int status = router_get(&world->router, "/health", &body);
    bool named = status == 503 && strstr(body, "\"reason\":\"memory\"") != NULL &&
                 strstr(body, wanted) != NULL;
    free(body);
    return named;
}

static void a_script_that_leaks_costs_its_neighbours_nothing(void **state)
{
    struct world *world = *state;
    world_serve(world, "leaky", 1, leaky);
    world_serve(world, "wasteful", 1, wasteful);
    router_start(&world->router);
    send_many(world, "wasteful", 500);
    send_many(world, "leaky", LEAKS);
    while (replaced(world) < 1)
        assert_text(world_ask(world, "quiet", "{}")->value, "\"here\"");
    assert_true(health_names(world, "leaky.lua"));
    assert_true(router_logged(&world->router, 0, "\"event\":\"memory_full\""));
    assert_true(router_logged(&world->router, 0, "\"script\":\"leaky.lua\""));
    router_await_ready(&world->router);
    assert_true(router_reload(&world->router));
    world_settle(world, "leaky", 1);
    world_settle(world, "wasteful", 1);
    assert_text(world_ask(world, "quiet", "{}")->value, "\"here\"");
    AWAIT(router_metric(&world->router, "lua_script_memory_bytes{script=\"leaky.lua\"") > 1e6);
    assert_true(router_metric(&world->router, "lua_script_memory_bytes{script=\"quiet.lua\"") <
                1e6);
    assert_no_dead_letter(world, "leaky-dlq");
    assert_no_dead_letter(world, "quiet-dlq");
    assert_no_dead_letter(world, "wasteful-dlq");
    assert_no_death(world);
}

/* There is room for more in the VM: for others. */
static void a_script_is_bound_by_its_own_routes_budget(void **state)
{
    struct world *world = *state;
    world_serve(world, "leaky", 1, leaky);
    router_config(&world->router, "routes = { leaky = { budget = { memory = '8MB' } } }");
    router_start(&world->router);
    send_many(world, "leaky", LEAKS / 2);
    while (replaced(world) < 1)
        assert_text(world_ask(world, "quiet", "{}")->value, "\"here\"");
    assert_true(health_names(world, "leaky.lua"));
    router_await_ready(&world->router);
    world_settle(world, "leaky", 1);
    assert_no_dead_letter(world, "leaky-dlq");
    assert_no_death(world);
}

/* Only what it may not have: the worker is not replaced each second, and while the script waits for
 * that, nobody else does. */
static void a_script_that_leaks_fast_waits_and_nobody_else_does(void **state)
{
    struct world *world = *state;
    world_serve(world, "storm", 1, storm);
    router_start(&world->router);
    send_many(world, "storm", STORMS);
    AWAIT(replaced(world) >= 1);
    router_await_ready(&world->router);
    AWAIT(router_metric(&world->router, "lua_script_memory_bytes{script=\"storm.lua\"") > 14e6);
    double before = replaced(world);
    for (int i = 0; i < 200; i++)
        assert_text(world_ask(world, "quiet", "{}")->value, "\"here\"");
    assert_true(replaced(world) <= before + 1);
    assert_true(health_names(world, "storm.lua"));
    assert_true(router_reload(&world->router));
    assert_text(world_ask(world, "quiet", "{}")->value, "\"here\"");
    assert_no_dead_letter(world, "storm-dlq");
    assert_no_dead_letter(world, "quiet-dlq");
    assert_no_death(world);
}

/* Each would pass alone; all at once need several times the budget. */
static void what_many_handlers_need_at_once_is_waited_for(void **state)
{
    struct world *world = *state;
    world_serve(world, "burst", 1, burst);
    router_start(&world->router);
    world_request_many(world, "burst", "burst", BURSTS, "{\"count\":30000}");
    AWAIT(world_all_answered(world, "burst", BURSTS));
    world_settle(world, "burst", 1);
    assert_true(router_logged(&world->router, 0, "\"event\":\"memory_full\""));
    assert_no_dead_letter(world, "burst-dlq");
    assert_true(replaced(world) == 0);
    assert_no_death(world);
    AWAIT(router_shows(&world->router, "\"health\":{\"status\":\"ok\""));
}

/* Events whose handlers have all begun, and sleep, before the first of them needs more. There are
 * as many as the embedded cluster keeps: 5 MB of a partition. */
static void large_messages_at_once_pass_as_they_pass_alone(void **state)
{
    struct world *world = *state;
    struct mr_buf large = {0};
    mr_buf_printf(&large, "{\"items\":[{\"n\":0,\"pad\":\"\"}");
    for (int i = 1; i < ITEMS; i++)
        mr_buf_printf(&large, ",{\"n\":1,\"pad\":\"0123456789abcdef01234567\"}");
    mr_buf_printf(&large, "]}");
    world_serve(world, "burst", 1, summing);
    router_start(&world->router);
    for (int i = 0; i < LARGE; i++)
        world_send(world, &(struct question){.topic = "burst", .json = mr_buf_text(&large)});
    mr_buf_free(&large);
    client_flush(world->client);
    world_settle(world, "burst", 1);
    assert_no_dead_letter(world, "burst-dlq");
    assert_true(router_metric(&world->router, "messages_processed_total{topic=\"burst\",status="
                                              "\"success\"}") == LARGE);
    assert_no_death(world);
}

/* Bit by bit, in many runs: it is its own doing all the same. */
static void what_one_handler_keeps_over_its_waits_is_its_own_doing(void **state)
{
    struct world *world = *state;
    world_serve(world, "burst", 1,
                "local router = require 'moonroute'\n"
                "function handleMessage()\n"
                "  local kept = {}\n"
                "  for i = 1, 100 do kept[i] = ('x'):rep(1000000) .. i router.sleep(1) end\n"
                "end\n");
    router_start(&world->router);
    const struct record *reply = world_ask(world, "burst", "{}");
    assert_text(record_header(reply, "status-code"), "500");
    const struct record *letter = client_await(world->client, "burst-dlq", 0);
    assert_text(record_header(letter, "error"), "over its memory budget of 16 MiB");
    assert_true(replaced(world) == 0);
    assert_no_death(world);
    assert_text(world_ask(world, "quiet", "{}")->value, "\"here\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, world_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_script_that_leaks_costs_its_neighbours_nothing),
        TEST(a_script_is_bound_by_its_own_routes_budget),
        TEST(a_script_that_leaks_fast_waits_and_nobody_else_does),
        TEST(what_many_handlers_need_at_once_is_waited_for),
        TEST(large_messages_at_once_pass_as_they_pass_alone),
        TEST(what_one_handler_keeps_over_its_waits_is_its_own_doing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
