/* What is wrong with messages, headers and replies is answered or logged, and nothing behind it has
 * to wait. */
#include "harness/world.h"

static const char handler[] =
    "local router = require 'moonroute'\n"
    "local odd = {}\n"
    "function odd.cycle() local t = {} t.itself = t return t end\n"
    "odd['function'] = function() return function() end end\n"
    "function odd.nan() return { n = 0 / 0 } end\n"
    "function odd.infinity() return { n = 1 / 0 } end\n"
    "function odd.deep() local t = {} for _ = 1, 600 do t = { t } end return t end\n"
    "function odd.large() return ('x'):rep(2e6) end\n"
    "function odd.header() return 1, { ['x'] = {} } end\n"
    "function handleMessage(topic, message, headers, context)\n"
    "  if type(message) == 'string' then return message:upper() end\n"
    "  if message == nil then return 'nothing at all' end\n"
    "  if message == router.null then return 'null' end\n"
    "  if message.spawn then\n"
    "    router.spawn(function() router.sleep(10) end)\n"
    "    return 1\n"
    "  end\n"
    "  if message.odd then return odd[message.odd]() end\n"
    "  if message.length then return #message.length end\n"
    "  if message.count then\n"
    "    local count = 0\n"
    "    for _ in pairs(headers) do count = count + 1 end\n"
    "    return { count, #context.headers, headers[message.count] or router.null }\n"
    "  end\n"
    "  return message\n"
    "end\n";

static const char raw_handler[] =
    "function handleMessage(topic, message) return message:reverse() end\n";

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "strict", 1, handler);
    world_serve(world, "raw", 1, raw_handler);
    world->router.properties = "['message.max.bytes'] = 2000000";
    router_config(&world->router, "routes = { raw = { codec = 'raw' } }");
    router_start(&world->router);
    return 0;
}

static const struct record *ask_bytes(struct world *world, const char *topic, struct mr_bytes value)
{
    struct mr_bytes id = mr_bytes_of(unique("bytes"));
    world_send(world,
               &(struct question){.topic = topic, .value = value, .dialect = PLAIN, .id = id});
    return client_await_with(world->client, "replies", "correlation-id", id);
}

static void assert_works(struct world *world)
{
    assert_text(world_ask(world, "strict", "[\"works\"]")->value, "[\"works\"]");
}

static void a_value_that_is_no_json_is_error_400(void **state)
{
    static const struct mr_bytes bad[] = {
        {"{nope", 5}, {"", 0},    {"{\"a\":1}}", 8}, {"\xff\xfe", 2}, {"{\"a\":\0 1}", 9},
        {"[NaN]", 5}, {"'a'", 3}, {"[1,]", 4},       {"{\"a\" 1}", 7}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const struct record *reply = ask_bytes(*state, "strict", bad[i]);
        if (reply->value.length < 47 ||
            memcmp(reply->value.data, "{\"statusCode\":400,\"message\":\"not valid JSON: ", 45) !=
                0)
            fail_msg("value %zu: %.*s", i, (int)reply->value.length, reply->value.data);
        assert_text(record_header(reply, "status-code"), "400");
    }
    assert_works(*state);
}

static void an_event_that_is_no_json_is_logged_with_its_offset(void **state)
{
    struct world *world = *state;
    char offset[64];
    size_t from = router_log_size(&world->router);
    snprintf(offset, sizeof(offset), "\"topic\":\"strict\",\"partition\":0,\"offset\":%lld,",
             (long long)client_end(world->client, "strict", 1));
    world_send(world, &(struct question){.topic = "strict", .json = "{nope"});
    AWAIT(router_logged(&world->router, from, offset));
    assert_true(router_logged(&world->router, from, "not valid JSON"));
    world_settle(world, "strict", 1);
}

static void a_null_value_is_nil(void **state)
{
    assert_text(ask_bytes(*state, "strict", MR_BYTES_NONE)->value, "\"nothing at all\"");
    assert_text(world_ask(*state, "strict", "null")->value, "\"null\"");
}

static void a_value_of_a_megabyte_is_handled(void **state)
{
    enum { LENGTH = 900 * 1024 };
    char *json = malloc(LENGTH + 64);
    assert_non_null(json);
    int start = sprintf(json, "{\"length\":\"");
    memset(json + start, 'x', LENGTH);
    strcpy(json + start + LENGTH, "\"}");
    const struct record *reply = world_ask(*state, "strict", json);
    free(json);
    assert_text(reply->value, "921600");
}

static void nul_bytes_survive_in_json_and_in_raw_values(void **state)
{
    assert_text(world_ask(*state, "strict", "{\"length\":\"a\\u0000b\"}")->value, "3");
    assert_true(mr_bytes_equal(ask_bytes(*state, "raw", MR_BYTES("\x00\xff{no json"))->value,
                               MR_BYTES("nosj on{\xff\x00")));
}

static void a_request_without_one_of_its_headers_is_an_event(void **state)
{
    struct world *world = *state;
    const struct mr_pair alone[] = {{MR_BYTES("reply-to"), MR_BYTES("replies")},
                                    {MR_BYTES("correlation-id"), MR_BYTES("alone")},
                                    {MR_BYTES("message-type"), MR_BYTES("request-reply")}};
    client_catch_up(world->client, "replies", 1);
    size_t before = client_count(world->client, "replies");
    for (size_t i = 0; i < 3; i++)
        world_send(world,
                   &(struct question){
                       .topic = "strict", .json = "1", .headers = &alone[i], .header_count = 1});
    world_settle(world, "strict", 1);
    assert_int_equal(client_count(world->client, "replies"), before);
}

/* Asks how many headers the handler sees, and for the value of one of them. */
static const struct record *count_headers(struct world *world, const char *name,
                                          const struct mr_pair *headers, size_t count)
{
    char json[128];
    snprintf(json, sizeof(json), "{\"count\":\"%s\"}", name);
    struct mr_bytes id = mr_bytes_of(unique("counted"));
    world_send(world, &(struct question){.topic = "strict",
                                         .json = json,
                                         .dialect = PLAIN,
                                         .id = id,
                                         .headers = headers,
                                         .header_count = count});
    return client_await_with(world->client, "replies", "correlation-id", id);
}

static void of_a_repeated_header_the_last_value_counts_and_the_list_has_all(void **state)
{
    const struct mr_pair twice[] = {{MR_BYTES("x"), MR_BYTES("1")}, {MR_BYTES("x"), MR_BYTES("2")}};
    assert_text(count_headers(*state, "x", twice, 2)->value, "[3,4,\"2\"]");
}

static void two_hundred_headers_are_handed_over(void **state)
{
    struct mr_pair many[200];
    char names[200][16];
    for (size_t i = 0; i < 200; i++) {
        snprintf(names[i], sizeof(names[i]), "x-%zu", i);
        many[i] = (struct mr_pair){mr_bytes_of(names[i]), mr_bytes_of(names[i])};
    }
    assert_text(count_headers(*state, "x-199", many, 200)->value, "[202,202,\"x-199\"]");
}

static void a_header_of_binary_bytes_or_null_is_handed_over(void **state)
{
    const struct mr_pair odd[] = {{MR_BYTES("null"), MR_BYTES_NONE},
                                  {MR_BYTES("binary"), MR_BYTES("\x00\xff")},
                                  {MR_BYTES("empty"), MR_BYTES("")}};
    assert_text(count_headers(*state, "null", odd, 3)->value, "[5,5,\"\"]");
    assert_text(count_headers(*state, "empty", odd, 3)->value, "[5,5,\"\"]");
    /* Bytes that are no UTF-8 do not fit into JSON. */
    assert_text(record_header(count_headers(*state, "binary", odd, 3), "status-code"), "500");
}

static void a_reply_to_that_is_no_topic_is_logged_and_passed_over(void **state)
{
    struct world *world = *state;
    static const char *const impossible[] = {"no such topic!", "..", "a/b"};
    size_t from = router_log_size(&world->router);
    for (size_t i = 0; i < 3; i++)
        world_send(world, &(struct question){.topic = "strict",
                                             .json = "1",
                                             .dialect = PLAIN,
                                             .id = MR_BYTES("x"),
                                             .reply_to = impossible[i]});
    assert_works(world);
    world_settle(world, "strict", 1);
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"delivery_failed\""), 3);
}

static void a_reply_that_is_refused_is_logged_once_if_its_handler_spawned(void **state)
{
    struct world *world = *state;
    size_t from = router_log_size(&world->router);
    world_send(world, &(struct question){.topic = "strict",
                                         .json = "{\"spawn\":true}",
                                         .dialect = PLAIN,
                                         .id = MR_BYTES("x"),
                                         .reply_to = "no such topic!"});
    assert_works(world);
    world_settle(world, "strict", 1);
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"delivery_failed\""), 1);
}

static void a_reply_that_is_no_json_is_error_500_and_says_why(void **state)
{
    static const char *const odd[][2] = {{"cycle", ""}, {"function", "function"},
                                         {"nan", ""},   {"infinity", ""},
                                         {"deep", ""},  {"header", "x"}};
    char json[64];
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        snprintf(json, sizeof(json), "{\"odd\":\"%s\"}", odd[i][0]);
        const struct record *reply = world_ask(*state, "strict", json);
        char *text = strndup(reply->value.data, reply->value.length);
        assert_contains(text, "{\"statusCode\":500,\"message\":\"reply: ");
        assert_contains(text, odd[i][1]);
        assert_contains(text, "\"error\":\"InternalServerError\"}");
        free(text);
    }
    assert_works(*state);
}

static void a_reply_that_is_too_large_to_be_sent_stops_nothing(void **state)
{
    struct world *world = *state;
    size_t from = router_log_size(&world->router);
    char large[64];
    snprintf(large, sizeof(large), "%s", unique("large"));
    world_request(world, "strict", NULL, large, "{\"odd\":\"large\"}");
    assert_works(world);
    world_settle(world, "strict", 1);
    assert_int_equal(world_replies(world, large), 0);
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"delivery_failed\""), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_that_is_no_json_is_error_400),
        cmocka_unit_test(an_event_that_is_no_json_is_logged_with_its_offset),
        cmocka_unit_test(a_null_value_is_nil),
        cmocka_unit_test(a_value_of_a_megabyte_is_handled),
        cmocka_unit_test(nul_bytes_survive_in_json_and_in_raw_values),
        cmocka_unit_test(a_request_without_one_of_its_headers_is_an_event),
        cmocka_unit_test(of_a_repeated_header_the_last_value_counts_and_the_list_has_all),
        cmocka_unit_test(two_hundred_headers_are_handed_over),
        cmocka_unit_test(a_header_of_binary_bytes_or_null_is_handed_over),
        cmocka_unit_test(a_reply_to_that_is_no_topic_is_logged_and_passed_over),
        cmocka_unit_test(a_reply_that_is_refused_is_logged_once_if_its_handler_spawned),
        cmocka_unit_test(a_reply_that_is_no_json_is_error_500_and_says_why),
        cmocka_unit_test(a_reply_that_is_too_large_to_be_sent_stops_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
