/* `moonroute dev` and the commands that find it by themselves: it writes down its broker's address
 * in XDG_RUNTIME_DIR, which here is the router's own folder. */
#include <signal.h>

#include "harness/process.h"
#include "harness/router.h"
#include "harness/test.h"

enum { FAILED = 1, UNAVAILABLE = 69, TIMED_OUT = 75, CONFIGURATION = 78 };

static const char greeter[] =
    "local router = require 'moonroute'\n"
    "function handleMessage(topic, message)\n"
    "  if message.fail then router.fail(404, 'nobody', 'NotFound') end\n"
    "  if message.silence then return nil end\n"
    "  if message.tell then router.log.info('told ' .. message.tell) end\n"
    "  return { 'hello', message.name }\n"
    "end\n";

static int set_up(void **state)
{
    static struct router router;
    router_make(&router, "", 1);
    router.command = "dev";
    /* Meant for another broker. */
    router.environment[0] = "KAFKA_SASL_USERNAME=me";
    router.environment[1] = "KAFKA_SASL_PASSWORD=secret";
    router.environment[2] = "MOONROUTE_KAFKA_TLS_CA=/nowhere";
    router_script(&router, "greeter", greeter);
    router_start(&router);
    *state = &router;
    return 0;
}

static int tear_down(void **state)
{
    router_free(*state);
    return 0;
}

static struct ended ask(const struct router *router, const char *topic, const char *json)
{
    const char *const arguments[] = {"request", topic, json, NULL};
    const char *const environment[] = {"MOONROUTE_RPC_TIMEOUT=15000", NULL};
    return process_run(&router->folder, environment, arguments);
}

/* `request` prints the data or the reply it got: only what is in it counts here. */
static bool answers(const struct router *router, const char *topic, const char *json,
                    const char *part)
{
    struct ended ended = ask(router, topic, json);
    bool good = ended.code == 0 && strstr(ended.out, part) != NULL;
    ended_free(&ended);
    return good;
}

static void the_banner_tells_the_broker_the_routes_and_a_request_to_paste(void **state)
{
    struct router *router = *state;
    char *banner = NULL;
    /* It is printed once the router is ready, which the listener may tell a moment earlier. */
    AWAIT((free(banner), banner = folder_read(&router->folder, "out"),
           strstr(banner, "moonroute request") != NULL));
    assert_contains(banner, "broker   127.0.0.1:");
    assert_contains(banner, "route    greeter -> scripts/greeter.lua");
    assert_contains(banner, "moonroute request greeter '{}'");
    free(banner);
}

static void request_finds_the_router_and_prints_the_reply_and_its_headers_apart(void **state)
{
    struct ended ended = ask(*state, "greeter", "{\"name\":\"moon\"}");
    assert_contains(ended.err, "message-type: request-reply\n");
    assert_null(strstr(ended.err, "error"));
    assert_contains(ended.out, "[\"hello\",\"moon\"]");
    assert_int_equal(ended.code, 0);
    ended_free(&ended);
}

static void request_ends_with_1_at_an_error_reply_and_prints_it(void **state)
{
    struct ended ended = ask(*state, "greeter", "{\"fail\":true}");
    assert_contains(ended.out, "404");
    assert_contains(ended.out, "nobody");
    assert_contains(ended.out, "NotFound");
    assert_int_equal(ended.code, FAILED);
    ended_free(&ended);
}

static void request_ends_with_75_where_nobody_answers(void **state)
{
    const struct router *router = *state;
    const char *const arguments[] = {"request",   "greeter", "{\"silence\":true}",
                                     "--timeout", "2500",    NULL};
    struct ended ended = process_run(&router->folder, NULL, arguments);
    assert_contains(ended.err, "2500 ms");
    assert_string_equal(ended.out, "");
    assert_int_equal(ended.code, TIMED_OUT);
    ended_free(&ended);
}

static void publish_finds_the_router_too(void **state)
{
    struct router *router = *state;
    const char *const arguments[] = {"publish", "greeter", "{\"tell\":\"the sun\"}", NULL};
    struct ended ended = process_run(&router->folder, NULL, arguments);
    assert_string_equal(ended.err, "");
    assert_int_equal(ended.code, 0);
    ended_free(&ended);
    AWAIT(router_logged(router, 0, "told the sun"));
}

static struct ended run_bare(const struct router *router, const char *admin)
{
    const char *const arguments[] = {"health", NULL};
    const char *const environment[] = {admin, NULL};
    return process_run(&router->folder, environment, arguments);
}

static void health_is_asked_whatever_the_configuration_on_disk_has_become(void **state)
{
    struct router *router = *state;
    char admin[64];
    snprintf(admin, sizeof(admin), "MOONROUTE_ADMIN_LISTEN=127.0.0.1:%d", router->port);
    static const char *const broken[] = {"return {", "return { workers = 'many' }"};
    for (size_t i = 0; i < 2; i++) {
        folder_write(&router->folder, "config/moonroute.lua", broken[i]);
        struct ended ended = run_bare(router, admin);
        assert_string_equal(ended.err, "");
        assert_int_equal(ended.code, 0);
        ended_free(&ended);
    }
    struct ended ended = run_bare(router, "MOONROUTE_ADMIN_LISTEN=127.0.0.1:1");
    assert_contains(ended.err, "config/moonroute.lua: workers: expected");
    assert_int_equal(ended.code, CONFIGURATION);
    ended_free(&ended);
    folder_delete(&router->folder, "config/moonroute.lua");
}

static void a_changed_file_is_loaded_by_itself(void **state)
{
    struct router *router = *state;
    router_script(router, "greeter", "function handleMessage() return 'goodbye' end\n");
    AWAIT(answers(router, "greeter", "{}", "\"goodbye\""));
}

static void a_file_with_a_mistake_is_told_and_the_code_before_goes_on(void **state)
{
    struct router *router = *state;
    size_t from = router_log_size(router);
    router_script(router, "greeter", "function handleMessage()\n  return ((\nend\n");
    AWAIT(router_logged(router, from, "scripts/greeter.lua:3: "));
    assert_true(answers(router, "greeter", "{}", "\"goodbye\""));
    router_script(router, "greeter", greeter);
    AWAIT(answers(router, "greeter", "{\"name\":\"you\"}", "[\"hello\",\"you\"]"));
}

static void a_new_file_is_a_new_route_with_a_topic_of_its_own(void **state)
{
    struct router *router = *state;
    router_script(router, "newcomer", "function handleMessage() return 'new here' end\n");
    AWAIT(answers(router, "newcomer", "{}", "\"new here\""));
}

/* The last: it ends the router. */
static void it_ends_well_and_is_found_no_more(void **state)
{
    struct router *router = *state;
    const char *const arguments[] = {"request", "greeter", "{}", NULL};
    const char *const environment[] = {"MOONROUTE_KAFKA_CONNECTION_TIMEOUT=300",
                                       "KAFKA_BROKERS=127.0.0.1:1", NULL};
    const char *const nothing[] = {"MOONROUTE_KAFKA_CONNECTION_TIMEOUT=300", NULL};
    pid_t worker;
    assert_int_equal(router_workers(router, &worker, 1), 1);
    router_signal(router, SIGINT);
    assert_int_equal(router_await_exit(router, ROUTER_STOP_MS), 0);
    assert_false(process_alive(worker));
    struct ended ended = process_run(&router->folder, environment, arguments);
    assert_contains(ended.err, "127.0.0.1:1");
    assert_int_equal(ended.code, UNAVAILABLE);
    ended_free(&ended);
    ended = process_run(&router->folder, nothing, arguments);
    assert_contains(ended.err, "localhost:9092");
    assert_int_equal(ended.code, UNAVAILABLE);
    ended_free(&ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_banner_tells_the_broker_the_routes_and_a_request_to_paste),
        cmocka_unit_test(request_finds_the_router_and_prints_the_reply_and_its_headers_apart),
        cmocka_unit_test(request_ends_with_1_at_an_error_reply_and_prints_it),
        cmocka_unit_test(request_ends_with_75_where_nobody_answers),
        cmocka_unit_test(publish_finds_the_router_too),
        cmocka_unit_test(health_is_asked_whatever_the_configuration_on_disk_has_become),
        cmocka_unit_test(a_changed_file_is_loaded_by_itself),
        cmocka_unit_test(a_file_with_a_mistake_is_told_and_the_code_before_goes_on),
        cmocka_unit_test(a_new_file_is_a_new_route_with_a_topic_of_its_own),
        cmocka_unit_test(it_ends_well_and_is_found_no_more),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
