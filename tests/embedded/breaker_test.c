/* Circuit breakers of scripts: seen in what handlers get, in the log and in the metrics. */
#include "harness/world.h"

/* Asks what may be down; two scripts share the breaker. */
static const char caller[] =
    "local router = require 'moonroute'\n"
    "local breaker = router.breaker('payments', { failures = 2, reset = 60000 })\n"
    "function handleMessage(topic, message)\n"
    "  if message.reset then router.breaker('payments', { failures = 2, reset = message.reset }) "
    "end\n"
    "  return breaker:call(router.request, 'payments-commands', message)\n"
    "end\n";
static const char watcher[] = "local router = require 'moonroute'\n"
                              "function handleMessage()\n"
                              "  return router.breaker('payments'):state()\n"
                              "end\n";
static const char payments[] = "local router = require 'moonroute'\n"
                               "function handleMessage(topic, message)\n"
                               "  router.sleep(1)\n"
                               "  if message.status then router.fail(message.status) end\n"
                               "  return 'paid'\n"
                               "end\n";

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", 1, caller);
    world_serve(world, "watcher", 1, watcher);
    world_serve(world, "payments-commands", 1, payments);
    cluster_topic(&world->cluster, "payments-responses", 1);
    router_config(&world->router, "defaults = { retry = { max = 0 } },"
                                  "rpc = { response_topics = { 'payments-responses' } }");
    router_start(&world->router);
    AWAIT(router_logged(&world->router, 0, "\"event\":\"inbox_listening\""));
    return 0;
}

static void assert_state(struct world *world, const char *state, double number)
{
    char json[32];
    snprintf(json, sizeof(json), "\"%s\"", state);
    assert_text(world_ask(world, "watcher", "{}")->value, json);
    assert_true(router_metric(&world->router,
                              "circuit_breaker_state{name=\"payments\",worker=\"0\"}") == number);
}

static void assert_status(struct world *world, const char *json, const char *status)
{
    assert_text(record_header(world_ask(world, "orders", json), "status-code"), status);
}

static size_t logged(struct world *world, const char *event)
{
    char text[64];
    snprintf(text, sizeof(text), "\"event\":\"%s\"", event);
    return router_logged_times(&world->router, 0, text);
}

static void a_breaker_opens_refuses_and_closes_again(void **state)
{
    struct world *world = *state;
    assert_text(world_ask(world, "orders", "{}")->value, "\"paid\"");
    assert_status(world, "{\"status\":500}", "500");
    assert_status(world, "{\"status\":404}", "404"); /* an answer: the failures are not in a row */
    assert_status(world, "{\"status\":500}", "500");
    assert_state(world, "closed", 0);
    assert_status(world, "{\"status\":503}", "503");
    assert_state(world, "open", 2);
    assert_text(world_ask(world, "orders", "{}")->value,
                "{\"statusCode\":503,\"message\":\"Circuit breaker \\\"payments\\\" is open\","
                "\"error\":\"CircuitBreakerOpen\"}");
    assert_true(router_metric(&world->router, "circuit_breaker_rejected_total") == 1);
    assert_int_equal(logged(world, "breaker_opened"), 1);
    assert_true(router_reload(&world->router)); /* the new scripts find it as it was */
    assert_state(world, "open", 2);
    assert_text(world_ask(world, "orders", "{\"reset\":1}")->value, "\"paid\"");
    assert_state(world, "closed", 0);
    assert_int_equal(logged(world, "breaker_opened"), 1);
    assert_int_equal(logged(world, "breaker_half_open"), 1);
    assert_int_equal(logged(world, "breaker_closed"), 1);
    assert_true(router_logged(&world->router, 0, "\"breaker\":\"payments\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_breaker_opens_refuses_and_closes_again),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
