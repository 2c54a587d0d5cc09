/* Exactly once with handlers that publish much: the bytes of their records end the transaction. */
#include "base/clock.h"
#include "harness/world.h"

static void a_transaction_ends_when_its_records_reach_the_bound(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "exports", 1,
                "local router = require('moonroute')\n"
                "function handleMessage() router.publish('out', ('x'):rep(500000)) end\n");
    rd_kafka_mock_topic_create(world->cluster.mock, "out", 1, 1);
    router_config(&world->router, "defaults = { delivery = 'exactly-once' },\n"
                                  "transaction = { interval = 60000, messages = 10000 }");
    router_start(&world->router);
    uint64_t began = mr_clock_ms();
    for (int i = 0; i < 200; i++)
        world_send(world, &(struct question){.topic = "exports", .json = "{}"});
    AWAIT(router_metric(&world->router, "messages_sent_total") >= 100);
    assert_in_range(mr_clock_ms() - began, 0, 30000);
    router_assert_nobody_died(&world->router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_transaction_ends_when_its_records_reach_the_bound,
                                  world_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
