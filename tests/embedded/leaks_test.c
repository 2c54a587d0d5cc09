/* Leaks of every form, each beside a script that keeps nothing: that one is served throughout, the
 * leaking one is named in log, health and metrics, its worker is replaced, and a reload has room.
 */
#include "harness/world.h"

enum { LEAKS = 4000 };

/* `n` counts; `text` is new and a few kilobytes for each message. */
#define LEAKING                                                                                    \
    "local router, cjson = require 'moonroute', require 'cjson'\n"                                 \
    "local n, kept = 0, {}\n"                                                                      \
    "function handleMessage(topic, message, headers, context)\n"                                   \
    "  n = n + 1\n"                                                                                \
    "  local text = ('x'):rep(5000) .. n\n"
#define END "\nend\n"

static const char quiet[] = "function handleMessage() return 'here' end\n";
/* Shares a module with the leaking script, and allocates more than it. */
static const char sharing[] = "local shared = require 'shared'\n"
                              "function handleMessage()\n"
                              "  for i = 1, 50 do shared.last = ('y'):rep(2000) .. i end\n"
                              "  return 'here'\n"
                              "end\n";
static const char module[] = "local shared, kept = {}, {}\n"
                             "function shared.keep(value) kept[#kept + 1] = value end\n"
                             "return shared\n";

static const struct leak {
    const char *form, *script;
} leaks[] = {
    {"globals", LEAKING "rawset(_G, 'global' .. n, text)" END},
    {"a chain of metatables", LEAKING "kept = setmetatable({ text }, { __index = kept })" END},
    {"coroutines that are never resumed", LEAKING
     "local co = coroutine.wrap(function() local own = text coroutine.yield() return own end) "
     "co() kept[n] = co" END},
    {"int64 values", LEAKING "local all = {} for i = 1, 150 do all[i] = 9007199254740993LL + i end "
                             "kept[n] = all" END},
    {"names of members",
     LEAKING "for i = 1, 5 do kept[('k'):rep(1000) .. n .. ' ' .. i] = true end" END},
    {"closures over what was given",
     LEAKING "local all = { text, context.raw, context.headers } "
             "kept[n] = function() return message, headers, context, all end" END},
    {"JSON", LEAKING "kept[n] = cjson.decode(cjson.encode { text, { {}, {}, {} } })" END},
    {"code",
     LEAKING "local all = {} for i = 1, 50 do all[i] = load('return \"' .. n .. '\", ' .. i) end "
             "kept[n] = all" END},
    {"a module that another script uses, too", LEAKING "require('shared').keep(text)" END},
    {"a view of a library", LEAKING "table.insert(string, text)" END},
    {"weak keys that their values hold",
     LEAKING "if n == 1 then setmetatable(kept, { __mode = 'k' }) end local key = { text } "
             "kept[key] = function() return key end" END},
    {"strands that were finished", LEAKING "local own = n router.spawn(function() router.sleep(0) "
                                           "kept[own] = text end) router.sleep(0)" END},
    {"errors", LEAKING "kept[n] = { text } error({ statusCode = 400, message = kept[n] })" END},
};

static void open_world(void **state, const struct leak *leak)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "quiet", 1, quiet);
    world_serve(world, "sharing", 1, sharing);
    world_serve(world, "leaking", 1, leak->script);
    router_script(&world->router, "lib/shared", module);
    cluster_topic(&world->cluster, "quiet-dlq", 1);
    cluster_topic(&world->cluster, "sharing-dlq", 1);
    router_config(&world->router, "defaults = { budget = { memory = '16MB' } }");
    router_start(&world->router);
}

static bool health_names(const struct world *world, const char *script)
{
    char *body, wanted[100];
    snprintf(wanted, sizeof(wanted), "\"script\":\"%s\"", script);
    router_get(&world->router, "/health", &body);
    bool named = strstr(body, "\"reason\":\"memory\"") != NULL && strstr(body, wanted) != NULL;
    free(body);
    return named;
}

static void assert_served(struct world *world)
{
    assert_text(world_ask(world, "quiet", "{}")->value, "\"here\"");
    assert_text(world_ask(world, "sharing", "{}")->value, "\"here\"");
}

static void check(struct world *world)
{
    const char *died = "worker_restarts_total{reason=\"memory\"}";
    for (int i = 0; i < LEAKS; i++)
        world_send(world, &(struct question){.topic = "leaking", .json = "{\"a\":[1]}"});
    client_flush(world->client);
    uint64_t end = mr_clock_ms() + PATIENCE;
    while (router_metric(&world->router, died) < 1) {
        assert_served(world);
        if (mr_clock_ms() >= end)
            fail_explained("its worker was not replaced");
    }
    assert_true(health_names(world, "leaking.lua"));
    assert_true(router_logged(&world->router, 0, "\"event\":\"memory_full\""));
    assert_true(router_logged(&world->router, 0, "\"script\":\"leaking.lua\""));
    assert_false(router_logged(&world->router, 0, "\"script\":\"sharing.lua\""));
    assert_false(router_logged(&world->router, 0, "\"script\":\"quiet.lua\""));
    router_await_ready(&world->router);
    assert_true(router_reload(&world->router));
    assert_served(world);
    AWAIT(router_metric(&world->router, "lua_script_memory_bytes{script=\"leaking.lua\"") >
          router_metric(&world->router, "lua_script_memory_bytes{script=\"sharing.lua\""));
    assert_int_equal(client_end(world->client, "quiet-dlq", 1), 0);
    assert_int_equal(client_end(world->client, "sharing-dlq", 1), 0);
    assert_true(router_metric(&world->router, "worker_restarts_total") ==
                router_metric(&world->router, died));
}

static void a_leak_of_whatever_form_costs_its_neighbours_nothing(void **state)
{
    for (size_t i = 0; i < sizeof(leaks) / sizeof(leaks[0]); i++) {
        print_message("%s\n", leaks[i].form);
        open_world(state, &leaks[i]);
        check(*state);
        world_tear_down(state);
        *state = NULL;
    }
}

static int tear_down(void **state)
{
    return *state == NULL ? 0 : world_tear_down(state);
}

/* As it loads a script may take more than its handlers may keep; each generation goes with the last
 * of its own. */
static void what_scripts_keep_as_they_load_and_go_is_freed_with_them(void **state)
{
    static const struct leak load = {"load", "local kept = {}\n"
                                             "local function fill() for i = 1, 2400 do kept[#kept "
                                             "+ 1] = ('x'):rep(5000) .. #kept end end\n"
                                             "fill()\n"
                                             "function onUnload() kept = {} fill() end\n"
                                             "function handleMessage() return #kept end\n"};
    open_world(state, &load);
    struct world *world = *state;
    for (int i = 0; i < 8; i++) {
        assert_text(world_ask(world, "leaking", "{}")->value, "2400");
        assert_served(world);
        assert_true(router_reload(&world->router));
    }
    assert_served(world);
    assert_true(router_metric(&world->router, "worker_restarts_total") == 0);
    assert_int_equal(client_end(world->client, "quiet-dlq", 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_leak_of_whatever_form_costs_its_neighbours_nothing, NULL,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_scripts_keep_as_they_load_and_go_is_freed_with_them,
                                        NULL, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
