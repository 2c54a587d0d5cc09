/* Retries by topic: what failed waits in its retry topic and frees its own meanwhile; whatever it
 * has come through, to its handler and in its dead letter it is the message of its first topic.
 * Broker 2 leads where the orders wait. */
#include "harness/world.h"

/* Tells of each attempt with all that the handler is told of the message, and fails the first
 * `fails` of them. */
static const char orders[] =
    "local router = require 'moonroute'\n"
    "function handleMessage(topic, message, headers, context)\n"
    "  local names = {}\n"
    "  for i, header in ipairs(context.headers) do names[i] = header[1] end\n"
    "  router.publish('attempts', { topic, context.partition, context.offset, context.attempt,"
    " context.key or router.null, table.concat(names, ' ') }, { key = message.id, partition = 0 "
    "})\n"
    "  if context.attempt <= (message.fails or 0) then\n"
    "    if message.after then router.retry(message.after, 'later') end\n"
    "    error('attempt ' .. context.attempt)\n"
    "  end\n"
    "  return 'done'\n"
    "end\n";
static const char by_topic[] =
    "defaults = { retry = { base = 100, jitter = 0, mode = 'topic', requests = true } },"
    "routes = { narrow = { ordering = 'partition' }, ['^taken\\\\.'] = { script = 'taken.lua' } }";
enum { PARTITIONS = 2, RETRIES = 2 };

static int set_up(void **state)
{
    static const char *const served[] = {"orders", "narrow"};
    struct world *world = world_new(RETRIES, 1);
    *state = world;
    world_serve(world, "orders", PARTITIONS, orders);
    world_serve(world, "narrow", PARTITIONS, orders);
    router_script(&world->router, "taken", orders);
    cluster_topic(&world->cluster, "taken.a", 1);
    for (size_t i = 0; i < sizeof(served) / sizeof(served[0]); i++) {
        char name[64];
        snprintf(name, sizeof(name), "%s-dlq", served[i]);
        cluster_topic(&world->cluster, name, PARTITIONS);
        client_read(world->client, name, PARTITIONS);
    }
    cluster_topic(&world->cluster, "orders-retry", PARTITIONS);
    cluster_lead(&world->cluster, "orders-retry", PARTITIONS, RETRIES);
    client_read(world->client, "orders-retry", PARTITIONS);
    cluster_topic(&world->cluster, "narrow-retry", 1);
    cluster_topic(&world->cluster, "attempts", 1);
    client_read(world->client, "attempts", 1);
    router_config(&world->router, by_topic);
    router_start(&world->router);
    return 0;
}

static size_t attempts(struct world *world, const char *id)
{
    return client_count_key(world->client, "attempts", id);
}

static void expect_attempt(struct world *world, const char *id, size_t attempt,
                           const char *expected)
{
    AWAIT(attempts(world, id) >= attempt);
    for (size_t i = 0, seen = 0;; i++) {
        const struct record *record = client_await(world->client, "attempts", i);
        if (!mr_bytes_equal(record->key, mr_bytes_of(id)) || ++seen < attempt)
            continue;
        assert_text(record->value, expected);
        return;
    }
}

static void post(struct world *world, const char *topic, int32_t partition, const char *id,
                 const char *more)
{
    char json[256];
    const struct mr_pair headers[] = {{MR_BYTES("id"), mr_bytes_of(id)},
                                      {MR_BYTES("retry-count"), MR_BYTES("its own")}};
    snprintf(json, sizeof(json), "{\"id\":\"%s\"%s}", id, more);
    world_send(world, &(struct question){.topic = topic,
                                         .key = "k",
                                         .json = json,
                                         .headers = headers,
                                         .header_count = 2,
                                         .to_partition = true,
                                         .partition = partition});
}

static void it_is_the_same_message_at_each_attempt(void **state)
{
    struct world *world = *state;
    char expected[128];
    int64_t offset;
    post(world, "orders", 1, "before", "");
    world_settle(world, "orders", PARTITIONS);
    offset = 1;
    post(world, "orders", 1, "same", ",\"fails\":2");
    for (int attempt = 1; attempt <= 3; attempt++) {
        snprintf(expected, sizeof(expected), "[\"orders\",1,%lld,%d,\"k\",\"id retry-count\"]",
                 (long long)offset, attempt);
        expect_attempt(world, "same", (size_t)attempt, expected);
    }
    const struct record *waited =
        client_await_with(world->client, "orders-retry", "id", MR_BYTES("same"));
    assert_string_equal(record_header_names(waited),
                        "id retry-count original-topic original-partition original-offset "
                        "original-timestamp retry-count retry-timestamp last-error");
    assert_int_equal(waited->partition, 1);
    assert_text(waited->key, "k");
    assert_text(record_header(waited, "original-topic"), "orders");
    AWAIT(client_count_with(world->client, "orders-retry", "id", MR_BYTES("same")) == 2);
    world_settle(world, "orders-retry", PARTITIONS);
    assert_int_equal(attempts(world, "same"), 3);
    AWAIT(router_metric(&world->router, "messages_processed_total{topic=\"orders\",status="
                                        "\"success\"}") == 2);
}

static void its_dead_letter_tells_of_its_first_topic_once(void **state)
{
    struct world *world = *state;
    post(world, "orders", 0, "dead", ",\"fails\":100");
    const struct record *record =
        client_await_with(world->client, "orders-dlq", "id", MR_BYTES("dead"));
    assert_string_equal(record_header_names(record),
                        "id retry-count original-topic original-partition original-offset "
                        "original-timestamp error error-stack failed-at total-retries reason");
    assert_text(record_header(record, "original-topic"), "orders");
    assert_text(record_header(record, "original-partition"), "0");
    assert_text(record_header(record, "original-offset"), "0");
    assert_text(record_header(record, "total-retries"), "3");
    assert_text(record->key, "k");
    assert_int_equal(record->partition, 0);
    world_settle(world, "orders", PARTITIONS);
    world_settle(world, "orders-retry", PARTITIONS);
    assert_int_equal(attempts(world, "dead"), 4);
}

static void its_partition_goes_on_meanwhile_and_is_committed(void **state)
{
    struct world *world = *state;
    post(world, "narrow", 1, "slow", ",\"fails\":1,\"after\":600000");
    post(world, "narrow", 1, "behind", "");
    AWAIT(attempts(world, "behind") == 1);
    world_settle(world, "narrow", PARTITIONS);
    assert_int_equal(attempts(world, "slow"), 1);
}

static void a_request_is_answered_by_the_attempt_that_does_it(void **state)
{
    struct world *world = *state;
    char json[64];
    const char *id = unique("asked");
    snprintf(json, sizeof(json), "{\"id\":\"%s\",\"fails\":2}", id);
    world_request(world, "orders", "k", id, json);
    assert_text(world_reply(world, id)->value, "\"done\"");
    world_settle(world, "orders-retry", PARTITIONS);
    assert_int_equal(world_replies(world, id), 1);
}

static void what_waits_is_handled_after_a_restart_and_not_before_it_is_due(void **state)
{
    struct world *world = *state;
    post(world, "orders", 0, "restarted", ",\"fails\":2,\"after\":3000");
    const struct record *waits =
        client_await_with(world->client, "orders-retry", "id", MR_BYTES("restarted"));
    int64_t due = atoll(record_header(waits, "retry-timestamp").data);
    world_settle(world, "orders", PARTITIONS);
    router_stop(&world->router);
    router_start(&world->router);
    AWAIT(attempts(world, "restarted") == 2);
    assert_true(mr_clock_wall_ms() >= due);
    AWAIT(attempts(world, "restarted") == 3);
    world_settle(world, "orders-retry", PARTITIONS);
    assert_int_equal(attempts(world, "restarted"), 3);
}

static void a_pattern_s_topics_have_theirs(void **state)
{
    struct world *world = *state;
    post(world, "taken.a", 0, "pattern", ",\"fails\":1");
    expect_attempt(world, "pattern", 2, "[\"taken.a\",0,0,2,\"k\",\"id retry-count\"]");
}

static void where_it_cannot_be_written_the_message_waits_in_its_place(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, RETRIES, REQUEST_PRODUCE, 1,
                                                 RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 0);
    post(world, "orders", 0, "stays", ",\"fails\":1");
    AWAIT(attempts(world, "stays") == 2);
    world_settle(world, "orders", PARTITIONS);
    client_catch_up(world->client, "orders-retry", PARTITIONS);
    assert_int_equal(client_count_with(world->client, "orders-retry", "id", MR_BYTES("stays")), 0);
}

static void
what_a_reload_leaves_in_a_retry_topic_is_told_and_handled_when_it_is_taken_back(void **state)
{
    struct world *world = *state;
    post(world, "orders", 0, "left", ",\"fails\":1,\"after\":3000");
    client_await_with(world->client, "orders-retry", "id", MR_BYTES("left"));
    size_t logged = router_log_size(&world->router);
    router_config(&world->router, "routes = { narrow = { retry = { mode = 'topic' } },"
                                  "['^taken\\\\.'] = { script = 'taken.lua' } }");
    assert_true(router_reload(&world->router));
    AWAIT(router_logged(&world->router, logged,
                        "\"event\":\"retry_topic_left\",\"topic\":\"orders-retry\",\"for\":"
                        "\"orders\""));
    assert_false(router_logged(&world->router, logged, "\"topic\":\"narrow-retry\""));
    router_config(&world->router, by_topic);
    assert_true(router_reload(&world->router));
    AWAIT(attempts(world, "left") == 2);
    assert_int_equal(router_logged_times(&world->router, logged,
                                         "\"retry_topic_left\",\"topic\":\"orders-retry\""),
                     1);
}

static size_t copies(struct world *world, const char *id)
{
    client_catch_up(world->client, "orders-retry", PARTITIONS);
    return client_count_with(world->client, "orders-retry", "id", mr_bytes_of(id));
}

/* The keys are all the same. */
static void what_waits_long_holds_up_nobody_and_is_moved_behind(void **state)
{
    struct world *world = *state;
    post(world, "orders", 1, "long", ",\"fails\":1,\"after\":600000");
    AWAIT(copies(world, "long") == 1);
    post(world, "orders", 1, "short", ",\"fails\":1,\"after\":50");
    AWAIT(attempts(world, "short") == 2);
    AWAIT(copies(world, "long") == 2);
    AWAIT(router_metric(&world->router, "retry_moves_total") == 1);
    assert_int_equal(attempts(world, "long"), 1);
    assert_int_equal(attempts(world, "short"), 2);
}

static void one_that_cannot_be_moved_waits_on(void **state)
{
    struct world *world = *state;
    size_t logged = router_log_size(&world->router);
    post(world, "orders", 0, "kept", ",\"fails\":1,\"after\":12000");
    AWAIT(copies(world, "kept") == 1);
    post(world, "orders", 0, "passes", ",\"fails\":1,\"after\":50");
    AWAIT(attempts(world, "passes") == 2);
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, RETRIES, REQUEST_PRODUCE, 1,
                                                 RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 0);
    AWAIT(router_logged(&world->router, logged, "\"event\":\"retry_not_moved\""));
    AWAIT(attempts(world, "kept") == 2);
    assert_int_equal(copies(world, "kept"), 1);
}

static void a_retry_topic_that_gets_a_script_of_its_own_counts_for_itself(void **state)
{
    struct world *world = *state;
    post(world, "narrow", 0, "before", ",\"fails\":1");
    AWAIT(attempts(world, "before") == 2);
    router_script(&world->router, "narrow-retry", orders);
    assert_true(router_reload(&world->router));
    post(world, "narrow-retry", 0, "own", "");
    AWAIT(attempts(world, "own") == 1);
    AWAIT(router_metric(&world->router, "messages_processed_total{topic=\"narrow-retry\","
                                        "status=\"success\"}") == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_same_message_at_each_attempt),
        cmocka_unit_test(its_dead_letter_tells_of_its_first_topic_once),
        cmocka_unit_test(its_partition_goes_on_meanwhile_and_is_committed),
        cmocka_unit_test(a_request_is_answered_by_the_attempt_that_does_it),
        cmocka_unit_test(what_waits_is_handled_after_a_restart_and_not_before_it_is_due),
        cmocka_unit_test(a_pattern_s_topics_have_theirs),
        cmocka_unit_test(where_it_cannot_be_written_the_message_waits_in_its_place),
        cmocka_unit_test(what_waits_long_holds_up_nobody_and_is_moved_behind),
        cmocka_unit_test(one_that_cannot_be_moved_waits_on),
        cmocka_unit_test(
            what_a_reload_leaves_in_a_retry_topic_is_told_and_handled_when_it_is_taken_back),
        cmocka_unit_test(a_retry_topic_that_gets_a_script_of_its_own_counts_for_itself),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
