/* Faults of the cluster: brokers that go and come back, requests that fail or take long, a group
 * that throws the router out. What was asked is answered all the same. Broker 1 leads what is asked
 * and coordinates the group, broker 2 leads the replies. */
#include "harness/world.h"

static const char handler[] = "local router = require 'moonroute'\n"
                              "function handleMessage(topic, message)\n"
                              "  if message.ms then router.sleep(message.ms) end\n"
                              "  return router.uuid()\n"
                              "end\n";
/* One produce request at a time: the embedded cluster knows no sequence numbers and takes a later
 * batch where an earlier one was refused, after which librdkafka holds the earlier one for taken.
 */
static const char in_turn[] = "['max.in.flight.requests.per.connection'] = 1";
enum { PARTITIONS = 4, COORDINATOR = 1, REPLIES = 2 };

static int set_up(void **state)
{
    struct world *world = world_new(2, 1);
    *state = world;
    world_serve(world, "orders", PARTITIONS, handler);
    rd_kafka_mock_coordinator_set(world->cluster.mock, "group", world->router.group, COORDINATOR);
    world->router.properties = in_turn;
    router_config(&world->router, "");
    rd_kafka_mock_broker_set_down(world->cluster.mock, -1);
    router_spawn(&world->router);
    return 0;
}

/* How many of the faults that were prepared have not happened yet. */
static size_t faults_left(struct world *world, int32_t broker, int16_t kind)
{
    size_t count = 0;
    rd_kafka_mock_broker_error_stack_cnt(world->cluster.mock, broker, kind, &count);
    return count;
}

static void ask_and_settle(struct world *world, const char *name, int count)
{
    world_request_many(world, "orders", name, count, "{}");
    AWAIT(world_all_answered(world, name, count));
    world_settle(world, "orders", PARTITIONS);
    world_assert_answered_once(world, name, count);
}

/* The first of all: set_up() started the router while no broker could be reached. */
static void without_a_broker_it_says_so_and_goes_on_trying_until_there_is_one(void **state)
{
    struct world *world = *state;
    AWAIT(router_unready_for(&world->router, "broker_down"));
    assert_int_equal(router_get(&world->router, "/health/live", NULL), 200);
    assert_true(router_logged(&world->router, 0, "\"event\":\"broker_unreachable\""));
    assert_false(router_logged(&world->router, 0, "\"event\":\"broker_reachable\""));
    rd_kafka_mock_broker_set_up(world->cluster.mock, -1);
    AWAIT(router_is_ready(&world->router));
    assert_true(router_logged(&world->router, 0, "\"event\":\"broker_reachable\""));
    ask_and_settle(world, unique("first"), 4);
}

static void a_cluster_that_is_down_for_a_while_loses_nothing(void **state)
{
    struct world *world = *state;
    world_request_many(world, "orders", "before", 20, "{\"ms\":300}");
    client_flush(world->client);
    AWAIT(router_metric(&world->router, "messages_in_flight") == 20);
    rd_kafka_mock_broker_set_down(world->cluster.mock, -1);
    world_request_many(world, "orders", "meanwhile", 20, "{}");
    AWAIT(router_unready_for(&world->router, "broker_down"));
    assert_false(world_all_answered(world, "before", 20));
    rd_kafka_mock_broker_set_up(world->cluster.mock, -1);
    AWAIT(router_is_ready(&world->router));
    AWAIT(world_all_answered(world, "before", 20));
    AWAIT(world_all_answered(world, "meanwhile", 20));
    world_settle(world, "orders", PARTITIONS);
}

static void replies_that_are_refused_for_now_are_sent_again_and_arrive_once(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_broker_push_request_error_rtts(
        world->cluster.mock, REPLIES, REQUEST_PRODUCE, 6,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 0, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, 0,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 0, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, 0,
        RD_KAFKA_RESP_ERR__TRANSPORT, 0, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, 0);
    ask_and_settle(world, unique("refused"), 20);
    assert_int_equal(faults_left(world, REPLIES, REQUEST_PRODUCE), 0);
    assert_false(router_logged(&world->router, 0, "\"event\":\"delivery_failed\""));
}

static void a_reply_that_is_refused_for_good_is_logged_and_stops_nothing(void **state)
{
    struct world *world = *state;
    char refused[64];
    size_t from = router_log_size(&world->router);
    snprintf(refused, sizeof(refused), "%s", unique("too-large"));
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, REPLIES, REQUEST_PRODUCE, 2,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0);
    world_request(world, "orders", NULL, refused, "{}");
    AWAIT(router_logged(&world->router, from, "\"event\":\"delivery_failed\""));
    assert_true(router_logged(&world->router, from, "\"to\":\"replies\""));
    ask_and_settle(world, unique("after"), 8);
    assert_int_equal(world_replies(world, refused), 0);
}

/* What the broker refuses is the batch; alone each of its records is fine. */
static void replies_that_are_refused_together_are_sent_again_alone(void **state)
{
    static const rd_kafka_resp_err_t verdicts[] = {
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
        RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,   RD_KAFKA_RESP_ERR_INVALID_RECORD,
        RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,  RD_KAFKA_RESP_ERR_UNKNOWN,
    };
    struct world *world = *state;
    size_t from = router_log_size(&world->router);
    for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
        rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, REPLIES, REQUEST_PRODUCE,
                                                     1, verdicts[i], 0);
        ask_and_settle(world, unique("together"), 20);
        assert_int_equal(faults_left(world, REPLIES, REQUEST_PRODUCE), 0);
    }
    assert_false(router_logged(&world->router, from, "\"event\":\"delivery_failed\""));
}

/* The reply is in its topic, its acknowledgement is lost: until there is one the message is not
 * done, and the handler does not run again for it. The record is sent again with its number, by
 * which a broker knows it; the embedded one, which keeps account of transactions alone, has it
 * twice. */
static void a_message_is_not_done_before_its_reply_is_acknowledged(void **state)
{
    struct world *world = *state;
    const char *brokers = cluster_bootstrap(&world->cluster);
    char id[64];
    snprintf(id, sizeof(id), "%s", unique("unacknowledged"));
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, REPLIES, REQUEST_PRODUCE, 1,
                                                 0, 3000);
    world_request(world, "orders", NULL, id, "{}");
    world_reply(world, id);
    int64_t end = client_end(world->client, "orders", PARTITIONS);
    assert_true(client_committed(brokers, world->router.group, "orders", PARTITIONS) < end);
    double sent = router_metric(&world->router, "messages_sent_total");
    rd_kafka_mock_broker_set_down(world->cluster.mock, REPLIES);
    rd_kafka_mock_broker_set_up(world->cluster.mock, REPLIES);
    AWAIT(router_metric(&world->router, "messages_sent_total") == sent + 1);
    world_settle(world, "orders", PARTITIONS);
    struct mr_bytes first = world_reply(world, id)->value;
    size_t replies = world_replies(world, id);
    assert_int_equal(client_count_of(world->client, "replies", first), replies);
}

static void slow_round_trips_delay_and_lose_nothing(void **state)
{
    struct world *world = *state;
    const char *name = unique("slow");
    rd_kafka_mock_broker_set_rtt(world->cluster.mock, -1, 250);
    world_request_many(world, "orders", name, 40, "{}");
    AWAIT(world_all_answered(world, name, 40));
    rd_kafka_mock_broker_set_rtt(world->cluster.mock, -1, 0);
    world_settle(world, "orders", PARTITIONS);
    world_assert_answered_once(world, name, 40);
}

static void fetches_that_fail_lose_and_repeat_nothing(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_broker_push_request_error_rtts(
        world->cluster.mock, COORDINATOR, REQUEST_FETCH, 4,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 0, RD_KAFKA_RESP_ERR__TRANSPORT, 0,
        RD_KAFKA_RESP_ERR_UNKNOWN, 0, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, 0);
    ask_and_settle(world, unique("fetched"), 20);
    AWAIT(faults_left(world, COORDINATOR, REQUEST_FETCH) == 0);
    ask_and_settle(world, unique("fetched-later"), 4);
}

static void a_partition_whose_leader_moves_is_followed(void **state)
{
    struct world *world = *state;
    const char *name = unique("moved");
    world_request_many(world, "orders", name, 20, "{\"ms\":20}");
    cluster_lead(&world->cluster, "orders", PARTITIONS, REPLIES);
    world_request_many(world, "orders", "followed", 20, "{}");
    AWAIT(world_all_answered(world, name, 20));
    AWAIT(world_all_answered(world, "followed", 20));
    cluster_lead(&world->cluster, "orders", PARTITIONS, COORDINATOR);
    ask_and_settle(world, unique("back"), 8);
    world_assert_answered_once(world, name, 20);
    world_assert_answered_once(world, "followed", 20);
}

static void commits_that_fail_are_made_up_for(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_broker_push_request_error_rtts(
        world->cluster.mock, COORDINATOR, REQUEST_OFFSET_COMMIT, 4,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 0, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, 0,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR, 0, RD_KAFKA_RESP_ERR__TRANSPORT, 0);
    for (int i = 0; i < 6; i++) {
        world_request_many(world, "orders", unique("committed"), 4, "{}");
        world_ask(world, "orders", "{}");
    }
    AWAIT(faults_left(world, COORDINATOR, REQUEST_OFFSET_COMMIT) == 0);
    ask_and_settle(world, unique("committed"), 4);
}

/* Nothing comes after the one message, so nothing else would make it commit. */
static void a_commit_that_is_refused_is_sent_again_until_it_is_accepted(void **state)
{
    struct world *world = *state;
    world_settle(world, "orders", PARTITIONS);
    rd_kafka_mock_broker_push_request_error_rtts(
        world->cluster.mock, COORDINATOR, REQUEST_OFFSET_COMMIT, 4,
        RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 0, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 0,
        RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE, 0, RD_KAFKA_RESP_ERR_UNKNOWN, 0);
    world_ask(world, "orders", "{}");
    AWAIT(faults_left(world, COORDINATOR, REQUEST_OFFSET_COMMIT) == 0);
    world_settle(world, "orders", PARTITIONS);
}

static void a_router_that_its_group_throws_out_joins_it_again(void **state)
{
    struct world *world = *state;
    static const rd_kafka_resp_err_t reasons[] = {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
                                                  RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, COORDINATOR,
                                                     REQUEST_HEARTBEAT, 1, reasons[i], 0);
        AWAIT(faults_left(world, COORDINATOR, REQUEST_HEARTBEAT) == 0);
        const char *name = unique("again");
        world_request_many(world, "orders", name, 8, "{}");
        AWAIT(world_all_answered(world, name, 8));
    }
    world_settle(world, "orders", PARTITIONS);
    AWAIT(router_is_ready(&world->router));
}

static void a_group_that_cannot_be_joined_for_now_is_joined_later(void **state)
{
    struct world *world = *state;
    const char *name = unique("joined");
    rd_kafka_mock_broker_push_request_error_rtts(
        world->cluster.mock, COORDINATOR, REQUEST_JOIN_GROUP, 3,
        RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 0, RD_KAFKA_RESP_ERR_NOT_COORDINATOR, 0,
        RD_KAFKA_RESP_ERR__TRANSPORT, 0);
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, COORDINATOR,
                                                 REQUEST_HEARTBEAT, 1,
                                                 RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, 0);
    AWAIT(faults_left(world, COORDINATOR, REQUEST_JOIN_GROUP) == 0);
    world_request_many(world, "orders", name, 8, "{}");
    AWAIT(world_all_answered(world, name, 8));
    world_settle(world, "orders", PARTITIONS);
    AWAIT(router_is_ready(&world->router));
}

/* The last: whatever happened above, one process did all of it. */
static void no_worker_had_to_be_replaced(void **state)
{
    struct world *world = *state;
    router_assert_nobody_died(&world->router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_broker_it_says_so_and_goes_on_trying_until_there_is_one),
        cmocka_unit_test(a_cluster_that_is_down_for_a_while_loses_nothing),
        cmocka_unit_test(replies_that_are_refused_for_now_are_sent_again_and_arrive_once),
        cmocka_unit_test(a_reply_that_is_refused_for_good_is_logged_and_stops_nothing),
        cmocka_unit_test(replies_that_are_refused_together_are_sent_again_alone),
        cmocka_unit_test(a_message_is_not_done_before_its_reply_is_acknowledged),
        cmocka_unit_test(slow_round_trips_delay_and_lose_nothing),
        cmocka_unit_test(fetches_that_fail_lose_and_repeat_nothing),
        cmocka_unit_test(a_partition_whose_leader_moves_is_followed),
        cmocka_unit_test(commits_that_fail_are_made_up_for),
        cmocka_unit_test(a_commit_that_is_refused_is_sent_again_until_it_is_accepted),
        cmocka_unit_test(a_router_that_its_group_throws_out_joins_it_again),
        cmocka_unit_test(a_group_that_cannot_be_joined_for_now_is_joined_later),
        cmocka_unit_test(no_worker_had_to_be_replaced),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
