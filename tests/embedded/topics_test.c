/* Which topics a pattern takes, and which topics are made beside them. */
#include "harness/world.h"

static const char answers[] = "function handleMessage(topic) return { topic = topic } end\n";

static int set_up(void **state)
{
    *state = world_new(1, 1);
    return 0;
}

static void a_pattern_takes_no_topic_beside_those_it_serves(void **state)
{
    static const char *const beside[] = {"orders.a-dlq", "orders.a-responses", "orders.answers"};
    struct world *world = *state;
    world_serve(world, "orders.b-dlq", 1, answers);
    router_script(&world->router, "all", answers);
    router_config(&world->router, "routes = { ['^orders[.]'] = { script = 'all.lua' } }, "
                                  "rpc = { response_topics = { 'orders.answers' } }");
    cluster_topic(&world->cluster, "orders.a", 1);
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        cluster_topic(&world->cluster, beside[i], 1);
        world_send(world, &(struct question){.topic = beside[i],
                                             .json = "1",
                                             .dialect = PLAIN,
                                             .id = mr_bytes_of(beside[i])});
    }
    router_start(&world->router);
    assert_text(world_ask(world, "orders.a", "1")->value, "{\"topic\":\"orders.a\"}");
    assert_text(world_ask(world, "orders.b-dlq", "1")->value, "{\"topic\":\"orders.b-dlq\"}");
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++)
        assert_int_equal(world_replies(world, beside[i]), 0);
    assert_true(router_metric(&world->router, "messages_received_total") == 2);
    router_stop(&world->router);
}

static void a_topic_that_begins_to_match_is_served_and_gets_its_dead_letter_topic(void **state)
{
    struct world *world = *state;
    router_script(&world->router, "all", answers);
    router_config(&world->router, "routes = { ['^later[.]'] = { script = 'all.lua' } }");
    router_start(&world->router); /* ready, though nothing matches yet */
    cluster_topic(&world->cluster, "later.a", 1);
    AWAIT(client_sees(world->client, "later.a-dlq"));
    assert_text(world_ask(world, "later.a", "1")->value, "{\"topic\":\"later.a\"}");
    assert_false(router_logged(&world->router, 0, "topic_not_created"));
    router_stop(&world->router);
}

static void a_reload_changes_what_patterns_take(void **state)
{
    struct world *world = *state;
    router_script(&world->router, "all", answers);
    router_config(&world->router, "routes = { ['^orders[.]'] = { script = 'all.lua' } }");
    cluster_topic(&world->cluster, "orders.a", 1);
    cluster_topic(&world->cluster, "orders.a-dlq", 1);
    router_start(&world->router);
    assert_text(world_ask(world, "orders.a", "1")->value, "{\"topic\":\"orders.a\"}");
    router_config(&world->router, "routes = { ['^orders[.]'] = { script = 'all.lua', dlq = { topic "
                                  "= 'orders.dead' } } }");
    assert_true(router_reload(&world->router));
    assert_text(world_ask(world, "orders.a-dlq", "1")->value, "{\"topic\":\"orders.a-dlq\"}");
    AWAIT(client_sees(world->client, "orders.dead"));
    router_stop(&world->router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pattern_takes_no_topic_beside_those_it_serves, set_up,
                                        world_tear_down),
        cmocka_unit_test_setup_teardown(
            a_topic_that_begins_to_match_is_served_and_gets_its_dead_letter_topic, set_up,
            world_tear_down),
        cmocka_unit_test_setup_teardown(a_reload_changes_what_patterns_take, set_up,
                                        world_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
