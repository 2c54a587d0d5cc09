/* What handlers do while they run: publish, ask other services, sleep; and in which order and how
 * many at once they run. */
#include "harness/world.h"

static const char workshop[] =
    "local router = require 'moonroute'\n"
    "local handlers = {}\n"
    "function handlers.publish(m) router.publish(m.to, m.value, m.options) return 'published' end\n"
    "function handlers.publish_caught(m)\n"
    "  local ok, problem = pcall(router.publish, m.to, m.value)\n"
    "  return { ok, tostring(problem) }\n"
    "end\n"
    "function handlers.relay(m)\n"
    "  local data, headers = router.request(m.to, m.value, m.options)\n"
    "  return { data, headers['message-type'] }\n"
    "end\n"
    "function handlers.many(m)\n"
    "  local asked = {}\n"
    "  for i = m.first, m.last do\n"
    "    asked[#asked + 1] = function()\n"
    "      return router.request('service-commands', { n = i }, { reply_to = 'many-' .. i })\n"
    "    end\n"
    "  end\n"
    "  return #router.all(asked)\n"
    "end\n"
    "function handlers.caught(m)\n"
    "  local ok, e = pcall(router.request, m.to, m.value, m.options)\n"
    "  return { ok, e.statusCode, e.message, e.error }\n"
    "end\n"
    "function handlers.sleep(m)\n"
    "  local before = router.now()\n"
    "  router.sleep(m.ms)\n"
    "  return router.now() - before\n"
    "end\n"
    "function handleMessage(topic, message) return handlers[message.type](message) end\n";

static const char service[] =
    "function handleMessage(topic, message, headers)\n"
    "  if message.type == 'fail' then error { statusCode = 409, message = 'there already', error = "
    "'Conflict' } end\n"
    "  if message.type == 'silence' then return nil end\n"
    "  return { message.n, headers['message-type'], headers['x-trace'] or 'none' }\n"
    "end\n";

static const char slow_service[] = "local router = require 'moonroute'\n"
                                   "function handleMessage(topic, message)\n"
                                   "  router.sleep(message.ms)\n"
                                   "  return 'slow'\n"
                                   "end\n";

static const char echo[] = "function handleMessage(topic, message) return message end\n";

/* Says when it begins and ends; sleeps in between. */
static const char ordered[] =
    "local router = require 'moonroute'\n"
    "function handleMessage(topic, message, headers, context)\n"
    "  router.publish('trace', message.n .. ' begins', { partition = 0 })\n"
    "  router.sleep(message.ms)\n"
    "  router.publish('trace', message.n .. ' ends', { partition = 0 })\n"
    "  return message.n\n"
    "end\n";

/* Tells how many of its kind were at work at most. */
static const char bounded[] = "local router = require 'moonroute'\n"
                              "running, most = 0, 0\n"
                              "function handleMessage(topic, message)\n"
                              "  running = running + 1\n"
                              "  most = math.max(most, running)\n"
                              "  router.sleep(message.ms)\n"
                              "  running = running - 1\n"
                              "  return most\n"
                              "end\n";

static int set_up(void **state)
{
    static const char *const read[] = {"published", "trace", "asked-commands"};
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "workshop", 4, workshop);
    world_serve(world, "service-commands", 1, service);
    world_serve(world, "slow-commands", 1, slow_service);
    world_serve(world, "echo", 1, echo);
    world_serve(world, "ordered", 1, ordered);
    world_serve(world, "bounded", 2, bounded);
    cluster_topic(&world->cluster, "service-responses", 1);
    cluster_topic(&world->cluster, "slow-responses", 1);
    cluster_topic(&world->cluster, "asked-responses", 1);
    for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++) {
        cluster_topic(&world->cluster, read[i], 3);
        client_read(world->client, read[i], 3);
    }
    router_config(&world->router,
                  "routes = { bounded = { concurrency = 2 } }, rpc = { response_topics = {"
                  "'service-responses', 'slow-responses', 'asked-responses' } }");
    router_start(&world->router);
    AWAIT(router_logged_times(&world->router, 0, "\"event\":\"inbox_listening\"") == 3);
    return 0;
}

/* --- router.publish --- */

/* Has the workshop publish, and returns the record. */
static const struct record *publish(struct world *world, const char *value, const char *options)
{
    char json[512];
    size_t index = client_count(world->client, "published");
    snprintf(json, sizeof(json),
             "{\"type\":\"publish\",\"to\":\"published\",\"value\":%s,\"options\":%s}", value,
             options);
    assert_text(world_ask(world, "workshop", json)->value, "\"published\"");
    return client_await(world->client, "published", index);
}

static void publish_takes_its_key_from_id_or_message_id(void **state)
{
    assert_text(publish(*state, "{\"id\":\"a\"}", "{}")->key, "a");
    assert_text(publish(*state, "{\"messageId\":\"b\"}", "{}")->key, "b");
    assert_text(publish(*state, "{\"messageId\":\"b\",\"id\":\"a\"}", "{}")->key, "a");
    assert_text(publish(*state, "{\"id\":\"a\"}", "{\"key\":\"own\"}")->key, "own");
    assert_null(publish(*state, "{\"n\":1}", "{}")->key.data);
    assert_null(publish(*state, "\"text\"", "{}")->key.data);
}

static void publish_sends_value_headers_partition_and_timestamp(void **state)
{
    const struct record *record =
        publish(*state, "{\"list\":[1,2]}",
                "{\"headers\":{\"x-one\":\"1\"},\"partition\":2,\"timestamp\":1700000000123}");
    assert_text(record->value, "{\"list\":[1,2]}");
    assert_int_equal(record->partition, 2);
    assert_int_equal(record->timestamp, 1700000000123);
    assert_string_equal(record_header_names(record), "x-one");
    assert_text(record_header(record, "x-one"), "1");
}

static void publishing_to_an_impossible_topic_raises_at_once(void **state)
{
    static const char *const impossible[] = {"", ".", "..", "no such topic!"};
    char json[128];
    for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
        snprintf(json, sizeof(json), "{\"type\":\"publish_caught\",\"to\":\"%s\",\"value\":1}",
                 impossible[i]);
        const struct record *reply = world_ask(*state, "workshop", json);
        assert_memory_equal(reply->value.data, "[false,\"", 8);
    }
}

static void the_offset_waits_until_what_was_published_is_acknowledged(void **state)
{
    struct world *world = *state;
    const char *brokers = cluster_bootstrap(&world->cluster);
    world_settle(world, "workshop", 4);
    int64_t before = client_committed(brokers, world->router.group, "workshop", 4);
    cluster_topic(&world->cluster, "leaderless", 1);
    cluster_lead(&world->cluster, "leaderless", 1, -1);
    world_send(world, &(struct question){.topic = "workshop",
                                         .json = "{\"type\":\"publish\",\"to\":\"leaderless\","
                                                 "\"value\":1}"});
    /* Once a request that came later is committed, the event's commit would have come too. */
    world_ask(world, "echo", "1");
    world_settle(world, "echo", 1);
    assert_int_equal(client_committed(brokers, world->router.group, "workshop", 4), before);
    cluster_lead(&world->cluster, "leaderless", 1, 1);
    world_settle(world, "workshop", 4);
    assert_int_equal(client_end(world->client, "leaderless", 1), 1);
}

/* --- router.request --- */

static void a_script_asks_another_and_relays_its_answer(void **state)
{
    assert_text(world_ask(*state, "workshop",
                          "{\"type\":\"relay\",\"to\":\"service-commands\",\"value\":{\"n\":7},"
                          "\"options\":{\"headers\":{\"x-trace\":\"t1\"}}}")
                    ->value,
                "[[7,\"request-reply\",\"t1\"],\"request-reply\"]");
}

static void an_error_reply_is_raised_in_the_asker(void **state)
{
    assert_text(world_ask(*state, "workshop",
                          "{\"type\":\"caught\",\"to\":\"service-commands\","
                          "\"value\":{\"type\":\"fail\"}}")
                    ->value,
                "[false,409,\"there already\",\"Conflict\"]");
}

static void an_error_that_the_asker_lets_pass_is_its_own(void **state)
{
    assert_text(world_ask(*state, "workshop",
                          "{\"type\":\"relay\",\"to\":\"service-commands\","
                          "\"value\":{\"type\":\"fail\"}}")
                    ->value,
                "{\"statusCode\":409,\"message\":\"there already\",\"error\":\"Conflict\"}");
}

static void the_request_itself_has_the_form_of_the_dialect(void **state)
{
    struct world *world = *state;
    size_t index = client_count(world->client, "asked-commands");
    world_ask(world, "workshop",
              "{\"type\":\"caught\",\"to\":\"asked-commands\",\"value\":{\"n\":1},"
              "\"options\":{\"timeout\":150}}");
    const struct record *request = client_await(world->client, "asked-commands", index);
    assert_text(request->value, "{\"n\":1}");
    assert_string_equal(record_header_names(request),
                        "correlation-id reply-to message-type timestamp timeout");
    assert_true(is_uuid(request->key));
    assert_true(mr_bytes_equal(record_header(request, "correlation-id"), request->key));
    assert_text(record_header(request, "reply-to"), "asked-responses");
    assert_text(record_header(request, "message-type"), "request-reply");
    assert_matches(record_header(request, "timestamp"), "#");
    assert_text(record_header(request, "timeout"), "150");
}

static void a_request_without_an_answer_times_out_with_504(void **state)
{
    struct world *world = *state;
    double timeouts = router_metric(&world->router, "rpc_timeouts_total");
    uint64_t began = mr_clock_ms();
    assert_text(world_ask(world, "workshop",
                          "{\"type\":\"caught\",\"to\":\"service-commands\",\"value\":"
                          "{\"type\":\"silence\"},\"options\":{\"timeout\":400}}")
                    ->value,
                "[false,504,\"Request timeout after 400ms\",\"RequestTimeout\"]");
    uint64_t took = mr_clock_ms() - began;
    assert_true(took >= 400);
    assert_true(router_metric(&world->router, "rpc_timeouts_total") == timeouts + 1);
    assert_true(router_metric(&world->router, "rpc_pending") == 0);
}

static void a_reply_that_comes_too_late_is_counted_and_dropped(void **state)
{
    struct world *world = *state;
    double late = router_metric(&world->router, "rpc_late_replies_total");
    const struct record *reply =
        world_ask(world, "workshop",
                  "{\"type\":\"caught\",\"to\":\"slow-commands\",\"value\":{\"ms\":700},"
                  "\"options\":{\"timeout\":300}}");
    assert_text(reply->value, "[false,504,\"Request timeout after 300ms\",\"RequestTimeout\"]");
    AWAIT(router_metric(&world->router, "rpc_late_replies_total") == late + 1);
    size_t replies = client_count_with(world->client, "replies", "correlation-id",
                                       record_header(reply, "correlation-id"));
    assert_int_equal(replies, 1);
}

static void a_reply_with_an_unknown_correlation_id_harms_nobody(void **state)
{
    struct world *world = *state;
    const struct mr_pair id = {MR_BYTES("correlation-id"), MR_BYTES("nobody's")};
    world_send(world, &(struct question){.topic = "service-responses",
                                         .json = "{\"success\":true,\"data\":1}",
                                         .headers = &id,
                                         .header_count = 1});
    client_flush(world->client);
    a_script_asks_another_and_relays_its_answer(state);
}

static void ask_many(struct world *world, int first, int last)
{
    char json[80], count[12];
    snprintf(json, sizeof(json), "{\"type\":\"many\",\"first\":%d,\"last\":%d}", first, last);
    snprintf(count, sizeof(count), "%d", last - first + 1);
    assert_text(world_ask(world, "workshop", json)->value, count);
}

/* One worker reads at most 256 response topics that only requests name. */
static void the_oldest_unused_response_topics_are_closed_and_opened_again(void **state)
{
    struct world *world = *state;
    size_t from = router_log_size(&world->router);
    ask_many(world, 1, 128);
    ask_many(world, 129, 250);
    ask_many(world, 251, 260);
    assert_true(router_logged_times(&world->router, from, "\"event\":\"inbox_closed\"") >= 4);
    assert_false(
        router_logged(&world->router, from, "\"event\":\"inbox_closed\",\"topic\":\"many-260\""));
    ask_many(world, 1, 10);
    a_script_asks_another_and_relays_its_answer(state);
}

/* --- router.sleep and order --- */

static void sleeping_takes_as_long_as_said(void **state)
{
    const struct record *reply = world_ask(*state, "workshop", "{\"type\":\"sleep\",\"ms\":300}");
    long slept = atol(reply->value.data);
    assert_true(slept >= 299); /* whole milliseconds of two clocks */
}

static void a_sleeping_handler_delays_no_other_key_or_topic(void **state)
{
    struct world *world = *state;
    char slow[64];
    snprintf(slow, sizeof(slow), "%s", unique("slow"));
    world_request(world, "bounded", "a", slow, "{\"ms\":4000}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == 1);
    const char *other = unique("other");
    world_request(world, "bounded", "b", other, "{\"ms\":0}");
    world_reply(world, other);
    assert_text(world_ask(world, "echo", "\"meanwhile\"")->value, "\"meanwhile\"");
    assert_int_equal(world_replies(world, slow), 0);
    world_reply(world, slow);
}

static bool shows(const struct router *router, const char *path, const char *text)
{
    char *body;
    assert_int_equal(router_get(router, path, &body), 200);
    bool found = strstr(body, text) != NULL;
    free(body);
    return found;
}

static void a_message_is_shown_with_its_state_as_long_as_it_is_there(void **state)
{
    const struct router *router = &((struct world *)*state)->router;
    char slow[64];
    snprintf(slow, sizeof(slow), "%s", unique("shown"));
    world_request(*state, "bounded", "a", slow, "{\"ms\":2000}");
    AWAIT(router_metric(router, "messages{topic=\"bounded\",state=\"suspended\"}") == 1);
    assert_true(shows(router, "/status", "\"expired\":0,\"messages\":{\"suspended\":1}}"));
    world_reply(*state, slow);
    AWAIT(router_metric(router, "messages{topic=\"bounded\"") == 0);
    assert_true(shows(router, "/metrics", "messages{topic=\"bounded\",state=\"suspended\"} 0\n"));
    assert_true(shows(router, "/status", "\"expired\":0,\"messages\":{}}"));
}

static void messages_of_a_key_are_handled_one_after_the_other(void **state)
{
    struct world *world = *state;
    char id[80], json[80];
    size_t before = client_count(world->client, "trace");
    const char *name = unique("keyed");
    for (int i = 0; i < 6; i++) {
        snprintf(id, sizeof(id), "%s-%d", name, i);
        snprintf(json, sizeof(json), "{\"n\":%d,\"ms\":%d}", i, i % 2 ? 0 : 60);
        world_request(world, "ordered", "same", id, json);
    }
    for (size_t i = 0; i < 12; i++) {
        snprintf(json, sizeof(json), "\"%zu %s\"", i / 2, i % 2 ? "ends" : "begins");
        assert_text(client_await(world->client, "trace", before + i)->value, json);
    }
    world_settle(world, "ordered", 1);
    world_assert_answered_once(world, name, 6);
}

static void messages_without_a_key_wait_for_nothing(void **state)
{
    struct world *world = *state;
    size_t before = client_count(world->client, "trace");
    for (int i = 0; i < 2; i++)
        world_send(world, &(struct question){.topic = "ordered", .json = "{\"n\":1,\"ms\":500}"});
    assert_text(client_await(world->client, "trace", before)->value, "\"1 begins\"");
    assert_text(client_await(world->client, "trace", before + 1)->value, "\"1 begins\"");
    client_await(world->client, "trace", before + 3);
}

static void no_more_handlers_of_a_route_run_than_its_concurrency(void **state)
{
    struct world *world = *state;
    char id[80];
    uint64_t began = mr_clock_ms();
    const char *name = unique("bounded");
    world_request_many(world, "bounded", name, 6, "{\"ms\":150}");
    world_settle(world, "bounded", 2);
    world_assert_answered_once(world, name, 6);
    assert_true(mr_clock_ms() - began >= 450);
    snprintf(id, sizeof(id), "%s-5", name);
    assert_text(world_reply(world, id)->value, "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publish_takes_its_key_from_id_or_message_id),
        cmocka_unit_test(publish_sends_value_headers_partition_and_timestamp),
        cmocka_unit_test(publishing_to_an_impossible_topic_raises_at_once),
        cmocka_unit_test(the_offset_waits_until_what_was_published_is_acknowledged),
        cmocka_unit_test(a_script_asks_another_and_relays_its_answer),
        cmocka_unit_test(an_error_reply_is_raised_in_the_asker),
        cmocka_unit_test(an_error_that_the_asker_lets_pass_is_its_own),
        cmocka_unit_test(the_request_itself_has_the_form_of_the_dialect),
        cmocka_unit_test(a_request_without_an_answer_times_out_with_504),
        cmocka_unit_test(a_reply_that_comes_too_late_is_counted_and_dropped),
        cmocka_unit_test(a_reply_with_an_unknown_correlation_id_harms_nobody),
        cmocka_unit_test(the_oldest_unused_response_topics_are_closed_and_opened_again),
        cmocka_unit_test(sleeping_takes_as_long_as_said),
        cmocka_unit_test(a_sleeping_handler_delays_no_other_key_or_topic),
        cmocka_unit_test(a_message_is_shown_with_its_state_as_long_as_it_is_there),
        cmocka_unit_test(messages_of_a_key_are_handled_one_after_the_other),
        cmocka_unit_test(messages_without_a_key_wait_for_nothing),
        cmocka_unit_test(no_more_handlers_of_a_route_run_than_its_concurrency),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
