/* A Kafka client that librdkafka gives up for good: its worker ends, and another one takes over;
 * or, where nothing can be lost or repeated by that, another client does. */
#include "harness/world.h"

enum {
    REQUEST_INIT_PRODUCER_ID = 22,
    REQUEST_ADD_OFFSETS_TO_TRANSACTION = 25,
    REQUEST_END_TRANSACTION = 26,
};

static void push_error(struct world *world, int16_t request, rd_kafka_resp_err_t error)
{
    rd_kafka_mock_push_request_errors(world->cluster.mock, request, 1, error);
}

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
}

/* The error arrives for a whole batch of replies, as after a change of the leader. */
static void replies_of_a_producer_that_lost_step_with_the_broker_are_given_nonetheless(void **state)
{
    enum { REQUESTS = 20 };
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", 1,
                "local router = require 'moonroute'\n"
                "function handleMessage() router.sleep(300) return 1 end\n");
    router_start(&world->router);
    world_ask(world, "orders", "{}");
    world_request_many(world, "orders", "batch", REQUESTS, "{}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == REQUESTS);
    push_error(world, REQUEST_PRODUCE, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    AWAIT(router_logged(&world->router, 0, "\"event\":\"kafka_fatal\""));
    AWAIT(world_all_answered(world, "batch", REQUESTS));
    router_await_ready(&world->router);
    assert_false(router_logged(&world->router, 0, "\"event\":\"delivery_failed\""));
    assert_false(router_logged(&world->router, 0, "\"event\":\"handler_failed\""));
}

enum { PARTITIONS = 2, EACH = 8 };

/* The embedded cluster knows no static members: it takes the name for nothing, and fences nobody by
 * itself. */
static struct world *named(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", PARTITIONS,
                "local router = require 'moonroute'\n"
                "function handleMessage(_, message)\n"
                "  router.sleep(message.ms or 0)\n"
                "  return 1\n"
                "end\n");
    world->router.environment[0] = "MOONROUTE_KAFKA_GROUP_INSTANCE_ID=name";
    router_config(&world->router, "shutdown_timeout = 200");
    router_start(&world->router);
    world_ask(world, "orders", "{}");
    world_settle(world, "orders", PARTITIONS);
    return world;
}

/* As if its session had ended. */
static void lose_session(struct world *world)
{
    size_t from = router_log_size(&world->router);
    rd_kafka_mock_push_request_errors(world->cluster.mock, REQUEST_HEARTBEAT, 1,
                                      RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    AWAIT(router_logged(&world->router, from, "\"event\":\"partition_lost\""));
    AWAIT(router_logged(&world->router, from, "\"event\":\"partitions_assigned\""));
    router_await_ready(&world->router);
}

static void fence_next_commit(struct world *world)
{
    rd_kafka_mock_push_request_errors(world->cluster.mock, REQUEST_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
}

static void a_member_that_fences_itself_gets_another_client_in_its_worker(void **state)
{
    struct world *world = named(state);
    lose_session(world);
    world_request(world, "orders", NULL, "stuck", "{\"ms\":600000}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == 1);
    fence_next_commit(world);
    world_request_many(world, "orders", "fenced", EACH, "{}");
    AWAIT(router_logged(&world->router, 0, "\"event\":\"session_fenced\""));
    AWAIT(router_logged(&world->router, 0, "\"event\":\"handler_abandoned\""));
    router_await_ready(&world->router);
    AWAIT(world_all_answered(world, "fenced", EACH));
    AWAIT(router_metric(&world->router, "messages_in_flight") == 1);
    AWAIT(router_metric(&world->router, "clients_ending") == 0);
    assert_true(router_metric(&world->router, "active_consumers") == 1);
    router_assert_nobody_died(&world->router);
}

static void what_a_fenced_client_had_not_committed_is_handled_again(void **state)
{
    struct world *world = named(state);
    lose_session(world);
    fence_next_commit(world);
    world_request_many(world, "orders", "fenced", EACH, "{}");
    AWAIT(router_logged(&world->router, 0, "\"event\":\"session_fenced\""));
    AWAIT(router_unready_for(&world->router, "joining"));
    router_await_ready(&world->router);
    world_settle(world, "orders", PARTITIONS);
    assert_true(world_all_answered(world, "fenced", EACH));
    assert_false(router_logged(&world->router, 0, "\"event\":\"kafka_fatal\""));
    router_assert_nobody_died(&world->router);
}

static void a_member_that_is_fenced_again_without_a_lost_session_has_lost_its_name(void **state)
{
    struct world *world = named(state);
    lose_session(world);
    fence_next_commit(world);
    fence_next_commit(world);
    world_request_many(world, "orders", "fenced", EACH, "{}");
    AWAIT(router_logged(&world->router, 0, "\"event\":\"session_fenced\""));
    AWAIT(router_logged(&world->router, 0, "\"event\":\"instance_fenced\""));
    AWAIT(router_logged(&world->router, 0,
                        "\"cause\":\"exit status 73, another member has its name in a group\""));
    router_await_ready(&world->router);
    world_settle(world, "orders", PARTITIONS);
    assert_true(world_all_answered(world, "fenced", EACH));
    assert_int_equal(router_logged_times(&world->router, 0, "\"event\":\"session_fenced\""), 1);
    assert_int_equal(router_logged_times(&world->router, 0, "\"event\":\"instance_fenced\""), 1);
}

static struct world *exactly_once(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", 1, "function handleMessage() return 1 end\n");
    router_config(&world->router, "defaults = { delivery = 'exactly-once' }");
    router_start(&world->router);
    world_ask(world, "orders", "{}");
    AWAIT(router_metric(&world->router, "messages_sent_total") == 1); /* it is committed */
    return world;
}

/* The next transaction is aborted, and its abort refused, as a broker does that is still writing
 * down the commit of the one before when it is told of a new one's partitions. */
static void refuse_to_abort(struct world *world)
{
    push_error(world, REQUEST_ADD_OFFSETS_TO_TRANSACTION,
               RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    push_error(world, REQUEST_END_TRANSACTION, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
}

static void ask_once_more(struct world *world)
{
    world_request(world, "orders", NULL, "more", "{}");
}

static void a_producer_that_cannot_abort_is_replaced_in_its_worker(void **state)
{
    struct world *world = exactly_once(state);
    for (size_t times = 1; times <= 2; times++) {
        refuse_to_abort(world);
        ask_once_more(world);
        AWAIT(router_metric(&world->router, "messages_sent_total") == (double)times + 1);
        assert_int_equal(
            router_logged_times(&world->router, 0, "\"event\":\"transactions_failed\""), times);
    }
    assert_int_equal(router_metric(&world->router, "active_producers"), 2);
    router_assert_nobody_died(&world->router);
}

static void if_its_successor_cannot_abort_either_another_one_takes_its_place(void **state)
{
    struct world *world = exactly_once(state);
    refuse_to_abort(world);
    refuse_to_abort(world);
    ask_once_more(world);
    AWAIT(router_metric(&world->router, "messages_sent_total") == 2);
    assert_int_equal(router_logged_times(&world->router, 0, "\"event\":\"transactions_failed\""),
                     2);
    router_assert_nobody_died(&world->router);
}

/* The embedded cluster keeps none of a transaction's offsets, so the answer is always: aborted. */
static void a_worker_that_does_not_know_whether_it_has_committed_asks_for_its_offsets(void **state)
{
    struct world *world = exactly_once(state);
    push_error(world, REQUEST_END_TRANSACTION, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
    ask_once_more(world);
    AWAIT(router_logged(&world->router, 0, "\"event\":\"transaction_end_known\""));
    AWAIT(router_metric(&world->router, "messages_sent_total") == 2);
    assert_int_equal(router_logged_times(&world->router, 0, "\"event\":\"transactions_failed\""),
                     1);
    router_assert_nobody_died(&world->router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_worker_whose_producer_fails_for_good_says_so_and_is_replaced,
                                  world_tear_down),
        cmocka_unit_test_teardown(
            replies_of_a_producer_that_lost_step_with_the_broker_are_given_nonetheless,
            world_tear_down),
        cmocka_unit_test_teardown(a_member_that_fences_itself_gets_another_client_in_its_worker,
                                  world_tear_down),
        cmocka_unit_test_teardown(what_a_fenced_client_had_not_committed_is_handled_again,
                                  world_tear_down),
        cmocka_unit_test_teardown(
            a_member_that_is_fenced_again_without_a_lost_session_has_lost_its_name,
            world_tear_down),
        cmocka_unit_test_teardown(a_producer_that_cannot_abort_is_replaced_in_its_worker,
                                  world_tear_down),
        cmocka_unit_test_teardown(if_its_successor_cannot_abort_either_another_one_takes_its_place,
                                  world_tear_down),
        cmocka_unit_test_teardown(
            a_worker_that_does_not_know_whether_it_has_committed_asks_for_its_offsets,
            world_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
