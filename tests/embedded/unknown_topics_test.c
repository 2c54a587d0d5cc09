/* Topics that a broker does not show for a moment, though they are there: nothing that is sent to
 * them is lost or dead-lettered. What no broker shows for longer is a failure. */
#include "harness/world.h"

static const char handler[] =
    "local router = require 'moonroute'\n"
    "function handleMessage(_, message, _, context)\n"
    "  if message.to then router.publish(message.to, message, { partition = message.partition }) "
    "end\n"
    "  if message.ask then return router.request(message.ask, {}, { timeout = 60000 }) end\n"
    "  return message.n\n"
    "end\n";

static void show(struct world *world, const char *topic, bool shown)
{
    rd_kafka_mock_topic_set_error(world->cluster.mock, topic,
                                  shown ? RD_KAFKA_RESP_ERR_NO_ERROR
                                        : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
}

/* The router looks at the topics it knows all the time. */
static struct world *start(void **state, const char *delivery)
{
    char config[128];
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", 1, handler);
    cluster_topic(&world->cluster, "flaky", 2);
    world->router.properties = "['topic.metadata.refresh.interval.ms'] = 50";
    snprintf(config, sizeof(config), "defaults = { delivery = '%s', retry = { max = 0 } }",
             delivery);
    router_config(&world->router, config);
    router_start(&world->router);
    return world;
}

static void send_request(struct world *world, const char *json, const char *reply_to)
{
    world_send(world, &(struct question){.topic = "orders",
                                         .json = json,
                                         .dialect = PLAIN,
                                         .id = MR_BYTES("id"),
                                         .reply_to = reply_to});
}

static double sent(struct world *world)
{
    return router_metric(&world->router, "messages_sent_total");
}

static bool doubts(struct world *world, size_t from)
{
    return router_logged(&world->router, from, "\"event\":\"topic_doubted\"") ||
           router_logged(&world->router, from, "\"event\":\"delivery_failed\"");
}

/* Messages of which each sends one record to "flaky", while that is hidden, then shown. */
static void hide_amid(struct world *world, void (*send)(struct world *))
{
    int count = 0;
    send(world);
    AWAIT(sent(world) == 1);
    for (int round = 0; round < 2; round++) {
        size_t from = router_log_size(&world->router);
        show(world, "flaky", false);
        for (; !doubts(world, from); count++, usleep(2000))
            send(world);
        show(world, "flaky", true);
        AWAIT(sent(world) == count + 1);
    }
    assert_true(router_metric(&world->router, "dlq_messages_total") == 0);
    router_assert_nobody_died(&world->router);
}

static void send_reply(struct world *world)
{
    send_request(world, "{\"n\":1}", "flaky");
}

static void send_publish(struct world *world)
{
    world_send(world, &(struct question){.topic = "orders", .json = "{\"to\":\"flaky\"}"});
}

static void send_publish_to_partition(struct world *world)
{
    world_send(world,
               &(struct question){.topic = "orders", .json = "{\"to\":\"flaky\",\"partition\":1}"});
}

static void a_reply_to_a_topic_that_is_not_shown_for_a_moment_waits(void **state)
{
    hide_amid(start(state, "at-least-once"), send_reply);
}

static void so_does_one_in_a_transaction(void **state)
{
    hide_amid(start(state, "exactly-once"), send_reply);
}

static void so_does_what_is_published(void **state)
{
    hide_amid(start(state, "at-least-once"), send_publish);
}

static void so_does_what_is_published_to_a_partition(void **state)
{
    hide_amid(start(state, "at-least-once"), send_publish_to_partition);
}

static void so_does_what_is_published_to_a_partition_in_a_transaction(void **state)
{
    hide_amid(start(state, "exactly-once"), send_publish_to_partition);
}

/* Topics that are gone for good: a reply to one is dead-lettered, and others are served meanwhile.
 */
static void fail_for_good(struct world *world)
{
    send_reply(world);
    AWAIT(sent(world) == 1);
    show(world, "flaky", false);
    size_t from = router_log_size(&world->router);
    for (; !doubts(world, from); usleep(2000))
        send_reply(world);
    AWAIT(router_metric(&world->router, "dlq_messages_total") > 0);
    show(world, "flaky", true);
    assert_text(world_ask(world, "orders", "{\"n\":7}")->value, "7");
    router_assert_nobody_died(&world->router);
}

static void a_reply_to_a_topic_that_is_not_shown_for_longer_is_dead_lettered(void **state)
{
    fail_for_good(start(state, "at-least-once"));
}

static void so_is_one_in_a_transaction(void **state)
{
    fail_for_good(start(state, "exactly-once"));
}

static void a_partition_beyond_the_last_fails_its_message_alone(void **state)
{
    static const char *const deliveries[] = {"at-least-once", "exactly-once"};
    for (size_t i = 0; i < 2; i++) {
        struct world *world = start(state, deliveries[i]);
        send_publish(world);
        AWAIT(sent(world) == 1);
        world_send(world, &(struct question){.topic = "orders",
                                             .json = "{\"to\":\"flaky\",\"partition\":9}"});
        for (int j = 0; j < 5; j++)
            send_publish(world);
        AWAIT(router_metric(&world->router, "dlq_messages_total") == 1);
        AWAIT(sent(world) >= 6); /* and the dead letter, which counts in a transaction */
        assert_true(router_logged(&world->router, 0, "Unknown partition"));
        if (i == 0)
            world_tear_down(state);
    }
}

static void a_request_to_a_topic_that_nobody_shows_fails_long_before_its_time_out(void **state)
{
    struct world *world = start(state, "at-least-once");
    send_publish(world);
    AWAIT(sent(world) == 1);
    show(world, "flaky", false);
    size_t from = router_log_size(&world->router);
    for (; !doubts(world, from); usleep(2000)) /* librdkafka believes in the topic for a while */
        send_publish(world);
    uint64_t begun = mr_clock_ms();
    const struct record *reply = world_ask(world, "orders", "{\"ask\":\"flaky\"}");
    assert_non_null(strstr(reply->value.data, "RequestFailed"));
    assert_true(mr_clock_ms() - begun < 10000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, world_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_reply_to_a_topic_that_is_not_shown_for_a_moment_waits),
        TEST(so_does_one_in_a_transaction),
        TEST(so_does_what_is_published),
        TEST(so_does_what_is_published_to_a_partition),
        TEST(so_does_what_is_published_to_a_partition_in_a_transaction),
        TEST(a_reply_to_a_topic_that_is_not_shown_for_longer_is_dead_lettered),
        TEST(so_is_one_in_a_transaction),
        TEST(a_partition_beyond_the_last_fails_its_message_alone),
        TEST(a_request_to_a_topic_that_nobody_shows_fails_long_before_its_time_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
