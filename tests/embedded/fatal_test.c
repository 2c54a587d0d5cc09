/* A Kafka client that librdkafka gives up for good: its worker ends, and another one takes over. */
#include "harness/world.h"

enum { REQUEST_INIT_PRODUCER_ID = 22 };

static void a_worker_whose_producer_fails_for_good_says_so_and_is_replaced(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", 1, "function handleMessage() return 1 end\n");
    const struct mr_outgoing first = {.topic = "orders", .partition = 0, .value = MR_BYTES("{}")};
    client_send(world->client, &first); /* it has its producer id: the error is the router's */
    client_flush(world->client);
    rd_kafka_mock_push_request_errors(world->cluster.mock, REQUEST_INIT_PRODUCER_ID, 1,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    router_spawn(&world->router);
    AWAIT(router_logged(&world->router, 0, "\"event\":\"kafka_fatal\""));
    AWAIT(router_logged(&world->router, 0, "\"cause\":\"exit status 70\""));
    router_await_ready(&world->router);
    world_ask(world, "orders", "{}");
    assert_int_equal(router_logged_times(&world->router, 0, "\"event\":\"kafka_fatal\""), 1);
    void *ended = world;
    world_tear_down(&ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_whose_producer_fails_for_good_says_so_and_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
