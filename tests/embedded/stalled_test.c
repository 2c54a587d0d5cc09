/* Exactly once while an output topic has no leader: its messages wait, those of others do not, the
 * state is told, and the same worker goes on when there is a leader again. */
#include "harness/world.h"

static void set_leader(struct world *world, int32_t broker)
{
    rd_kafka_mock_partition_set_leader(world->cluster.mock, "away", 0, broker);
}

static struct world *with_an_output_away(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", 1, "function handleMessage() return 1 end\n");
    world_serve(world, "others", 1, "function handleMessage() return 2 end\n");
    rd_kafka_mock_topic_create(world->cluster.mock, "away", 1, 1);
    set_leader(world, -1);
    router_config(&world->router, "defaults = { delivery = 'exactly-once' }");
    router_start(&world->router);
    world_ask(world, "orders", "{}");
    AWAIT(router_metric(&world->router, "messages_sent_total") == 1); /* it is committed */
    return world;
}

static void ask_for_an_answer_there(struct world *world)
{
    world_send(world, &(struct question){.topic = "orders",
                                         .json = "{}",
                                         .dialect = PLAIN,
                                         .id = MR_BYTES("there"),
                                         .reply_to = "away"});
}

static bool health_tells(struct world *world)
{
    char *body;
    int status = router_get(&world->router, "/health", &body);
    bool told = status == 503 && strstr(body, "transactions_stalled") != NULL;
    free(body);
    return told;
}

static void an_output_without_a_leader_holds_up_its_own_messages_alone(void **state)
{
    struct world *world = with_an_output_away(state);
    ask_for_an_answer_there(world);
    AWAIT(router_logged(&world->router, 0, "\"event\":\"output_stalled\""));
    AWAIT(health_tells(world));
    assert_int_equal(router_metric(&world->router, "transactions_stalled"), 1);
    for (int i = 0; i < 3; i++)
        world_ask(world, "others", "{}");
    AWAIT(router_metric(&world->router, "messages_sent_total") == 4);
    assert_int_equal(router_metric(&world->router, "transactions_stalled"), 1);
    set_leader(world, 1);
    AWAIT(router_metric(&world->router, "messages_sent_total") == 5);
    AWAIT(router_metric(&world->router, "transactions_stalled") == 0);
    assert_int_equal(router_logged_times(&world->router, 0, "\"event\":\"output_stalled\""), 1);
    assert_int_equal(router_logged_times(&world->router, 0, "\"event\":\"output_resumed\""), 1);
    world_ask(world, "orders", "{}");
    router_assert_nobody_died(&world->router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_output_without_a_leader_holds_up_its_own_messages_alone,
                                  world_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
