/* Requests and events from the wire to the wire: what handlers return and raise, in both dialects.
 */
#include "harness/world.h"

static const char handler[] =
    "local router = require 'moonroute'\n"
    "local handlers = {}\n"
    "function handlers.echo(message) return message.value end\n"
    "function handlers.array() return { 1, 'two', router.null, false, { three = 3 } } end\n"
    "function handlers.null() return router.null end\n"
    "function handlers.nothing() end\n"
    "function handlers.extra() return 'fine', { ['x-trace'] = 'abc' } end\n"
    "function handlers.status(m) error { statusCode = m.status, message = 'odd', error = 'Odd' } "
    "end\n"
    "function handlers.defaults() error { statusCode = 503 } end\n"
    "function handlers.plain() error('the string raised') end\n"
    "function handlers.fail() router.fail(404, 'no such order', 'NotFound') end\n"
    "function handlers.index(m) return m.absent.field end\n"
    "function handlers.event(m) router.publish('heard', { n = m.n }) return { ignored = true } "
    "end\n"
    "function handleMessage(topic, message, headers, context)\n"
    "  if message.type == 'context' then\n"
    "    return { topic, context.partition, context.offset, context.key or router.null, "
    "context.attempt,\n"
    "             headers['x-one'] or router.null, context.raw }\n"
    "  end\n"
    "  return handlers[message.type](message)\n"
    "end\n";

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", 1, handler);
    cluster_topic(&world->cluster, "heard", 1);
    client_read(world->client, "heard", 1);
    router_start(&world->router);
    return 0;
}

static void a_returned_value_is_the_plain_reply(void **state)
{
    const struct record *reply = world_ask(
        *state, "orders", "{\"type\":\"echo\",\"value\":{\"n\":[1,2,{\"s\":\"\u017e\"}]}}");
    assert_text(reply->value, "{\"n\":[1,2,{\"s\":\"\u017e\"}]}");
    assert_string_equal(record_header_names(reply), "correlation-id message-type timestamp");
    assert_text(record_header(reply, "message-type"), "response");
    assert_matches(record_header(reply, "timestamp"), "#");
    assert_true(llabs(atoll(record_header(reply, "timestamp").data) - mr_clock_wall_ms()) < 60000);
}

static void a_plain_reply_has_the_key_of_its_request(void **state)
{
    struct world *world = *state;
    const char *id = unique("keyed");
    world_request(world, "orders", "the key", id, "{\"type\":\"echo\",\"value\":1}");
    assert_text(world_reply(world, id)->key, "the key");
    assert_null(world_ask(world, "orders", "{\"type\":\"echo\",\"value\":1}")->key.data);
}

static void a_returned_value_is_the_data_of_a_kafka_client_reply(void **state)
{
    const struct record *reply =
        world_ask_as(*state, KAFKA_CLIENT, "orders", "{\"type\":\"echo\",\"value\":{\"a\":\"b\"}}");
    assert_matches(reply->value, "{\"success\":true,\"data\":{\"a\":\"b\"},\"timestamp\":#}");
    assert_string_equal(record_header_names(reply),
                        "message-id message-type timestamp correlation-id");
    assert_text(record_header(reply, "message-type"), "request-reply");
    assert_true(is_uuid(reply->key));
    assert_true(mr_bytes_equal(record_header(reply, "message-id"), reply->key));
}

static void arrays_nulls_and_booleans_are_kept(void **state)
{
    assert_text(world_ask(*state, "orders", "{\"type\":\"array\"}")->value,
                "[1,\"two\",null,false,{\"three\":3}]");
}

static void router_null_is_null_in_both_dialects(void **state)
{
    assert_text(world_ask(*state, "orders", "{\"type\":\"null\"}")->value, "null");
    assert_matches(world_ask_as(*state, KAFKA_CLIENT, "orders", "{\"type\":\"null\"}")->value,
                   "{\"success\":true,\"data\":null,\"timestamp\":#}");
}

static void nil_is_no_reply(void **state)
{
    struct world *world = *state;
    char silent[64];
    snprintf(silent, sizeof(silent), "%s", unique("silent"));
    world_request(world, "orders", NULL, silent, "{\"type\":\"nothing\"}");
    world_ask(world, "orders", "{\"type\":\"echo\",\"value\":1}");
    world_settle(world, "orders", 1);
    assert_int_equal(world_replies(world, silent), 0);
}

static void a_second_returned_table_is_added_to_the_headers(void **state)
{
    const struct record *reply = world_ask(*state, "orders", "{\"type\":\"extra\"}");
    assert_text(reply->value, "\"fine\"");
    assert_string_equal(record_header_names(reply),
                        "correlation-id message-type timestamp x-trace");
    assert_text(record_header(reply, "x-trace"), "abc");
}

static void a_raised_status_is_the_plain_error(void **state)
{
    const struct record *reply =
        world_ask(*state, "orders", "{\"type\":\"status\",\"status\":418}");
    assert_text(reply->value, "{\"statusCode\":418,\"message\":\"odd\",\"error\":\"Odd\"}");
    assert_string_equal(record_header_names(reply),
                        "correlation-id message-type timestamp status-code");
    assert_text(record_header(reply, "message-type"), "error");
    assert_text(record_header(reply, "status-code"), "418");
}

static void a_raised_status_is_the_kafka_client_error(void **state)
{
    const struct record *reply =
        world_ask_as(*state, KAFKA_CLIENT, "orders", "{\"type\":\"fail\"}");
    assert_matches(reply->value, "{\"success\":false,\"statusCode\":404,\"error\":\"NotFound\","
                                 "\"message\":\"no such order\",\"timestamp\":#}");
    assert_string_equal(record_header_names(reply),
                        "message-id message-type timestamp correlation-id status-code");
    assert_text(record_header(reply, "message-type"), "request-reply");
    assert_text(record_header(reply, "status-code"), "404");
}

static void a_status_that_is_none_counts_as_500(void **state)
{
    static const char *const odd[] = {"399", "600", "404.5", "\"404\""};
    char json[64];
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        snprintf(json, sizeof(json), "{\"type\":\"status\",\"status\":%s}", odd[i]);
        assert_text(world_ask(*state, "orders", json)->value,
                    "{\"statusCode\":500,\"message\":\"odd\",\"error\":\"Odd\"}");
    }
}

static void a_raised_status_alone_has_the_default_message_and_name(void **state)
{
    assert_text(world_ask(*state, "orders", "{\"type\":\"defaults\"}")->value,
                "{\"statusCode\":503,\"message\":\"Unknown error occurred\","
                "\"error\":\"InternalServerError\"}");
}

static void a_raised_string_is_error_500(void **state)
{
    const struct record *reply = world_ask(*state, "orders", "{\"type\":\"plain\"}");
    assert_matches(reply->value,
                   "{\"statusCode\":500,\"message\":\"scripts/orders.lua:#: the string "
                   "raised\",\"error\":\"InternalServerError\"}");
    assert_text(record_header(reply, "status-code"), "500");
}

static void a_runtime_error_is_error_500_and_logged_with_file_line_and_offset(void **state)
{
    struct world *world = *state;
    char offset[64];
    size_t from = router_log_size(&world->router);
    snprintf(offset, sizeof(offset), "\"partition\":0,\"offset\":%lld,",
             (long long)client_end(world->client, "orders", 1));
    const struct record *reply = world_ask(world, "orders", "{\"type\":\"index\"}");
    assert_matches(reply->value,
                   "{\"statusCode\":500,\"message\":\"scripts/orders.lua:#: attempt to index field "
                   "'absent' (a nil value)\",\"error\":\"InternalServerError\"}");
    AWAIT(router_logged(&world->router, from, "\"event\":\"handler_failed\""));
    assert_true(router_logged(&world->router, from, offset));
    assert_true(router_logged(&world->router, from, "scripts/orders.lua:12"));
}

static void a_correlation_id_is_bytes(void **state)
{
    struct world *world = *state;
    struct mr_bytes id = MR_BYTES("\x00\xff\x80 \n\"binary\x01");
    for (enum dialect dialect = PLAIN; dialect <= KAFKA_CLIENT; dialect++) {
        size_t before = client_count_with(world->client, "replies", "correlation-id", id);
        world_send(world, &(struct question){.topic = "orders",
                                             .json = "{\"type\":\"echo\",\"value\":1}",
                                             .dialect = dialect,
                                             .id = id});
        AWAIT(client_count_with(world->client, "replies", "correlation-id", id) == before + 1);
    }
}

static void header_names_are_matched_without_regard_to_case(void **state)
{
    struct world *world = *state;
    const char *id = unique("Case");
    const struct mr_pair headers[] = {{MR_BYTES("Correlation-ID"), mr_bytes_of(id)},
                                      {MR_BYTES("REPLY-TO"), MR_BYTES("replies")},
                                      {MR_BYTES("Message-Type"), MR_BYTES("request-reply")}};
    world_send(world, &(struct question){.topic = "orders",
                                         .json = "{\"type\":\"echo\",\"value\":1}",
                                         .headers = headers,
                                         .header_count = 3});
    assert_matches(world_reply(world, id)->value, "{\"success\":true,\"data\":1,\"timestamp\":#}");
}

static void the_handler_knows_topic_partition_offset_key_headers_and_raw_value(void **state)
{
    struct world *world = *state;
    char expected[256];
    const char *id = unique("context");
    const struct mr_pair header = {MR_BYTES("x-one"), MR_BYTES("1")};
    int64_t offset = client_end(world->client, "orders", 1);
    world_send(world, &(struct question){.topic = "orders",
                                         .key = "k",
                                         .json = "{\"type\":\"context\"}",
                                         .dialect = PLAIN,
                                         .id = mr_bytes_of(id),
                                         .headers = &header,
                                         .header_count = 1});
    snprintf(expected, sizeof(expected),
             "[\"orders\",0,%lld,\"k\",1,\"1\",\"{\\\"type\\\":\\\"context\\\"}\"]",
             (long long)offset);
    assert_text(world_reply(world, id)->value, expected);
}

static void an_event_is_handled_and_not_answered(void **state)
{
    struct world *world = *state;
    client_catch_up(world->client, "replies", 1);
    size_t replies = client_count(world->client, "replies");
    size_t heard = client_count(world->client, "heard");
    const struct mr_pair id_alone = {MR_BYTES("correlation-id"), MR_BYTES("x")};
    const struct mr_pair forgotten[] = {{MR_BYTES("correlation-id"), MR_BYTES("x")},
                                        {MR_BYTES("reply-to"), MR_BYTES("replies")},
                                        {MR_BYTES("message-type"), MR_BYTES("fire-and-forget")}};
    world_send(world,
               &(struct question){.topic = "orders", .json = "{\"type\":\"event\",\"n\":1}"});
    world_send(world, &(struct question){.topic = "orders",
                                         .json = "{\"type\":\"event\",\"n\":2}",
                                         .headers = &id_alone,
                                         .header_count = 1});
    world_send(world, &(struct question){.topic = "orders",
                                         .json = "{\"type\":\"event\",\"n\":3}",
                                         .headers = forgotten,
                                         .header_count = 3});
    for (size_t i = 0; i < 3; i++) {
        char json[16];
        snprintf(json, sizeof(json), "{\"n\":%zu}", i + 1);
        assert_text(client_await(world->client, "heard", heard + i)->value, json);
    }
    world_settle(world, "orders", 1);
    assert_int_equal(client_count(world->client, "replies"), replies);
}

static void an_event_that_fails_is_logged_and_those_behind_it_are_handled(void **state)
{
    struct world *world = *state;
    size_t from = router_log_size(&world->router);
    world_send(world, &(struct question){.topic = "orders", .json = "{\"type\":\"fail\"}"});
    assert_text(world_ask(world, "orders", "{\"type\":\"echo\",\"value\":1}")->value, "1");
    world_settle(world, "orders", 1);
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"handler_failed\""), 1);
    assert_true(router_logged(&world->router, from, "no such order"));
}

static void what_was_done_is_counted_by_how_it_ended(void **state)
{
    struct world *world = *state;
    static const char good[] = "messages_processed_total{topic=\"orders\",status=\"success\"}";
    static const char bad[] = "messages_processed_total{topic=\"orders\",status=\"error\"}";
    world_settle(world, "orders", 1);
    double successes = router_metric(&world->router, good);
    double errors = router_metric(&world->router, bad);
    double sent = router_metric(&world->router, "messages_sent_total");
    world_ask(world, "orders", "{\"type\":\"echo\",\"value\":1}");
    world_ask(world, "orders", "{\"type\":\"null\"}");
    world_ask(world, "orders", "{\"type\":\"fail\"}");
    AWAIT(router_metric(&world->router, good) == successes + 2);
    AWAIT(router_metric(&world->router, bad) == errors + 1);
    assert_true(router_metric(&world->router, "messages_sent_total") == sent + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_returned_value_is_the_plain_reply),
        cmocka_unit_test(a_plain_reply_has_the_key_of_its_request),
        cmocka_unit_test(a_returned_value_is_the_data_of_a_kafka_client_reply),
        cmocka_unit_test(arrays_nulls_and_booleans_are_kept),
        cmocka_unit_test(router_null_is_null_in_both_dialects),
        cmocka_unit_test(nil_is_no_reply),
        cmocka_unit_test(a_second_returned_table_is_added_to_the_headers),
        cmocka_unit_test(a_raised_status_is_the_plain_error),
        cmocka_unit_test(a_raised_status_is_the_kafka_client_error),
        cmocka_unit_test(a_status_that_is_none_counts_as_500),
        cmocka_unit_test(a_raised_status_alone_has_the_default_message_and_name),
        cmocka_unit_test(a_raised_string_is_error_500),
        cmocka_unit_test(a_runtime_error_is_error_500_and_logged_with_file_line_and_offset),
        cmocka_unit_test(a_correlation_id_is_bytes),
        cmocka_unit_test(header_names_are_matched_without_regard_to_case),
        cmocka_unit_test(the_handler_knows_topic_partition_offset_key_headers_and_raw_value),
        cmocka_unit_test(an_event_is_handled_and_not_answered),
        cmocka_unit_test(an_event_that_fails_is_logged_and_those_behind_it_are_handled),
        cmocka_unit_test(what_was_done_is_counted_by_how_it_ended),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
