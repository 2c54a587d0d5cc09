#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/panic.h"
#include "worker/routing/routing.h"
#include "worker/routing/subscription.h"

static char handler[] = "function handleMessage() end\n";
static char all[] = "all.lua", stock[] = "stock.lua", later[] = "later.lua", soon[] = "soon.lua";
static struct mr_script_file files[] = {
    {all, all, handler, sizeof(handler) - 1},
    {stock, stock, handler, sizeof(handler) - 1},
    {later, later, handler, sizeof(handler) - 1},
    {soon, soon, handler, sizeof(handler) - 1},
};
static const char *const names[] = {
    "later",          "later-retry", "orders.a", "orders.a-dlq", "orders.a-responses",
    "orders.b-retry", "other",       "stock",    "stock-dlq",    "us.orders"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

struct world {
    struct mr_vm *vm;
    struct mr_snapshot snapshot;
    struct mr_routes *routes;
    struct mr_cluster_topics topics;
};

static int set_up(void **state)
{
    static const struct mr_host nobody;
    static struct world world;
    struct mr_errors errors = {0};
    world.vm = mr_vm_new(&nobody, NULL, MR_SANDBOXED);
    world.snapshot = (struct mr_snapshot){
        .generation = 1, .config = mr_config_new(), .files = files, .file_count = 4};
    struct mr_config *config = world.snapshot.config;
    mr_config_set_text(config, "routes[\"^orders[.]\"].script", "all.lua", "test", &errors);
    mr_config_set_text(config, "routes[\"^us[.]\"].script", "all.lua", "test", &errors);
    mr_config_set_text(config, "routes[\"^us[.]\"].group_id", "us", "test", &errors);
    mr_config_set_text(config, "routes[\"later\"].group_id", "by topic", "test", &errors);
    mr_config_set_text(config, "routes[\"later\"].retry.mode", "topic", "test", &errors);
    mr_config_set_text(config, "routes[\"soon\"].group_id", "by topic", "test", &errors);
    mr_config_set_text(config, "routes[\"soon\"].retry.mode", "topic", "test", &errors);
    world.routes = mr_routing_new(&world.snapshot,
                                  mr_generation_load(world.vm, &world.snapshot, &errors), &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    mr_errors_free(&errors);
    world.topics = (struct mr_cluster_topics){mr_alloc(NAMES * sizeof(world.topics.rows[0])), 0};
    for (size_t i = 0; i < NAMES; i++)
        world.topics.rows[world.topics.count++] = (struct mr_cluster_topic){mr_strdup(names[i]), 1};
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_routes_retire(world->routes);
    mr_cluster_topics_free(&world->topics);
    mr_config_free(world->snapshot.config);
    mr_vm_free(world->vm);
    return 0;
}

static void a_group_has_what_its_routes_name_and_what_its_patterns_take(void **state)
{
    struct world *world = *state;
    struct mr_subscription own = mr_subscription_of(world->routes, "moonroute", &world->topics);
    assert_true(own.known);
    assert_int_equal(own.count, 2); /* without the retry topic of orders.b */
    assert_string_equal(own.names[0], "stock");
    assert_string_equal(own.names[1], "orders.a");
    mr_subscription_free(&own);
    struct mr_subscription us = mr_subscription_of(world->routes, "us", &world->topics);
    assert_int_equal(us.count, 1);
    assert_string_equal(us.names[0], "us.orders");
    mr_subscription_free(&us);
}

static void a_pattern_is_not_known_before_the_topics_are(void **state)
{
    struct world *world = *state;
    struct mr_subscription own = mr_subscription_of(world->routes, "moonroute", NULL);
    assert_false(own.known);
    mr_subscription_free(&own);
}

static void a_retry_topic_is_taken_once_it_is_there(void **state)
{
    struct world *world = *state;
    struct mr_subscription own = mr_subscription_of(world->routes, "by topic", NULL);
    assert_false(own.known);
    mr_subscription_free(&own);
    own = mr_subscription_of(world->routes, "by topic", &world->topics);
    assert_true(own.known);
    assert_int_equal(own.count, 3);
    assert_string_equal(own.names[0], "later");
    assert_string_equal(own.names[1], "later-retry");
    assert_string_equal(own.names[2], "soon");
    mr_subscription_free(&own);
}

/* The first pattern by name is the one that matches all. */
static void a_pattern_takes_no_internal_topics(void **state)
{
    static char offsets[] = "__consumer_offsets", named[] = "__named", other[] = "orders.a",
                transactions[] = "__transaction_state";
    struct mr_cluster_topic rows[] = {{offsets, 50}, {named, 1}, {transactions, 50}, {other, 1}};
    const struct mr_cluster_topics topics = {rows, 4};
    struct world *world = *state;
    struct mr_errors errors = {0};
    struct mr_snapshot snapshot = world->snapshot;
    snapshot.config = mr_config_new();
    mr_config_set_text(snapshot.config, "routes[\"^.*\"].script", "all.lua", "test", &errors);
    mr_config_set_text(snapshot.config, "routes[\"^.*\"].group_id", "every", "test", &errors);
    mr_config_set_text(snapshot.config, "routes[\"__named\"].script", "all.lua", "test", &errors);
    mr_config_set_text(snapshot.config, "routes[\"__named\"].group_id", "every", "test", &errors);
    struct mr_routes *routes =
        mr_routing_new(&snapshot, mr_generation_load(world->vm, &snapshot, &errors), &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    struct mr_subscription every = mr_subscription_of(routes, "every", &topics);
    assert_int_equal(every.count, 2);
    assert_string_equal(every.names[0], "__named");
    assert_string_equal(every.names[1], "orders.a");
    mr_subscription_free(&every);
    mr_routes_retire(routes);
    mr_config_free(snapshot.config);
}

static void where_nothing_matches_there_is_nothing(void **state)
{
    static const struct mr_cluster_topics none;
    struct world *world = *state;
    struct mr_subscription us = mr_subscription_of(world->routes, "us", &none);
    assert_true(us.known);
    assert_int_equal(us.count, 0);
    mr_subscription_free(&us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_group_has_what_its_routes_name_and_what_its_patterns_take,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pattern_is_not_known_before_the_topics_are, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_retry_topic_is_taken_once_it_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pattern_takes_no_internal_topics, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_nothing_matches_there_is_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
