/* Dead letters: what cannot be handled is in its dead-letter topic as it came, with what became of
 * it; while that cannot be written its partition waits. Broker 1 leads what is asked, broker 2 the
 * dead letters and what handlers publish, broker 3 the replies. */
#include "harness/world.h"

static const char orders[] =
    "local router = require 'moonroute'\n"
    "function handleMessage(topic, message, headers, context)\n"
    "  if message == nil then router.reject('nothing in it') end\n"
    "  if message.publish and context.attempt <= (message.times or 1) then\n"
    "    router.publish('published', message.publish)\n"
    "    if message.wait then router.sleep(message.wait) end\n"
    "  end\n"
    "  if message.status then router.fail(message.status, 'refused', 'Refused') end\n"
    "  if message.reject then router.reject('rejected') end\n"
    "  if message.fail then error('it failed') end\n"
    "  if message.long then error(('x'):rep(100000)) end\n"
    "  return context.attempt\n"
    "end\n";
enum { PARTITIONS = 3, ASKED = 1, DEAD = 2, REPLIES = 3 };

static int set_up(void **state)
{
    static const char *const dead[] = {"orders-dlq", "orders-dlq-dlq", "fine.failed", "replayed"};
    struct world *world = world_new(REPLIES, 1);
    *state = world;
    world_serve(world, "orders", PARTITIONS, orders);
    world_serve(world, "fine", 1, orders);
    world_serve(world, "wide", PARTITIONS, orders);
    world_serve(world, "orders-dlq", PARTITIONS,
                "local router = require 'moonroute'\n"
                "function handleMessage(topic, message, headers, context)\n"
                "  if headers.reconsidered then error { statusCode = 422, message = 'still' } end\n"
                "end\n");
    cluster_topic(&world->cluster, "wide-dlq", 1);
    cluster_topic(&world->cluster, "published", 1);
    for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
        cluster_topic(&world->cluster, dead[i], PARTITIONS);
        cluster_lead(&world->cluster, dead[i], PARTITIONS, DEAD);
        client_read(world->client, dead[i], PARTITIONS);
    }
    cluster_lead(&world->cluster, "wide-dlq", 1, DEAD);
    cluster_lead(&world->cluster, "published", 1, DEAD);
    client_read(world->client, "wide-dlq", 1);
    client_read(world->client, "published", 1);
    router_config(
        &world->router,
        "routes = { fine = { retry = { requests = true }, dlq = { topic = '{topic}.failed', "
        "dialect = 'spring',"
        " headers = { ['total-retries'] = 'x-retry-count', error = 'x-error-message',"
        " reason = 'x-reason' } } } "
        "}");
    router_start(&world->router);
    return 0;
}

/* A message with the header `id`, by which it is known again. */
static void post(struct world *world, const struct question *as, const char *id)
{
    const struct mr_pair header = {MR_BYTES("id"), mr_bytes_of(id)};
    struct question question = *as;
    question.headers = &header;
    question.header_count = 1;
    if (question.dialect != EVENT)
        question.id = mr_bytes_of(id);
    world_send(world, &question);
}

static const struct record *await_dead(struct world *world, const char *topic, const char *id)
{
    return client_await_with(world->client, topic, "id", mr_bytes_of(id));
}

static size_t count_dead(struct world *world, const char *topic, const char *id)
{
    return client_count_with(world->client, topic, "id", mr_bytes_of(id));
}

static void assert_starts(struct mr_bytes text, const char *with)
{
    assert_true(text.length >= strlen(with));
    assert_memory_equal(text.data, with, strlen(with));
}

static void it_is_what_came_and_what_became_of_it(void **state)
{
    struct world *world = *state;
    char offset[24], timestamp[24];
    const struct mr_pair headers[] = {{MR_BYTES("id"), MR_BYTES("whole")},
                                      {MR_BYTES("x-b"), MR_BYTES("\x00\xff")},
                                      {MR_BYTES("x-a"), MR_BYTES_NONE},
                                      {MR_BYTES("x-b"), MR_BYTES("again")}};
    snprintf(offset, sizeof(offset), "%lld",
             (long long)client_end(world->client, "orders", PARTITIONS));
    double dead = router_metric(&world->router, "dlq_messages_total");
    world_send(world, &(struct question){.topic = "orders",
                                         .key = "the key",
                                         .json = "{\"status\":422}",
                                         .headers = headers,
                                         .header_count = 4,
                                         .to_partition = true,
                                         .partition = 2});
    const struct record *record = await_dead(world, "orders-dlq", "whole");
    assert_text(record->key, "the key");
    assert_text(record->value, "{\"status\":422}");
    assert_int_equal(record->partition, 2);
    assert_string_equal(record_header_names(record),
                        "id x-b x-a x-b original-topic original-partition original-offset "
                        "original-timestamp error error-stack failed-at total-retries "
                        "reason");
    assert_text(record_header(record, "original-topic"), "orders");
    assert_text(record_header(record, "original-partition"), "2");
    assert_text(record_header(record, "original-offset"), offset);
    assert_text(record_header(record, "error"), "refused");
    assert_text(record_header(record, "total-retries"), "0");
    assert_matches(record_header(record, "failed-at"), "#");
    struct mr_bytes when = record_header(record, "original-timestamp");
    snprintf(timestamp, sizeof(timestamp), "%.*s", (int)when.length, when.data);
    assert_true(llabs(atoll(timestamp) - mr_clock_wall_ms()) < 60000);
    AWAIT(router_metric(&world->router, "dlq_messages_total") == dead + 1);
    AWAIT(router_metric(&world->router, "messages_processed_total{topic=\"orders\","
                                        "status=\"dead_letter\"}") == dead + 1);
}

static void a_null_stays_a_null(void **state)
{
    struct world *world = *state;
    const struct mr_pair header = {MR_BYTES("id"), MR_BYTES("nothing")};
    client_send(world->client, &(struct mr_outgoing){.topic = "orders",
                                                     .partition = MR_PARTITION_ANY,
                                                     .headers = &header,
                                                     .header_count = 1});
    const struct record *record = await_dead(world, "orders-dlq", "nothing");
    assert_null(record->key.data);
    assert_null(record->value.data);
    assert_text(record_header(record, "error"), "nothing in it");
    assert_text(record_header(record, "reason"), "rejected");
}

static void what_is_no_json_is_there_byte_for_byte_and_a_request_is_told(void **state)
{
    struct world *world = *state;
    struct mr_bytes value = MR_BYTES("{\"a\":\x00\xff");
    post(world, &(struct question){.topic = "orders", .value = value, .dialect = PLAIN}, "no-json");
    const struct record *record = await_dead(world, "orders-dlq", "no-json");
    assert_true(mr_bytes_equal(record->value, value));
    assert_starts(record_header(record, "error"), "not valid JSON");
    assert_text(record_header(record, "reason"), "undecodable");
    assert_text(record_header(world_reply(world, "no-json"), "status-code"), "400");
}

static void what_always_fails_is_there_after_the_last_retry(void **state)
{
    struct world *world = *state;
    post(world, &(struct question){.topic = "orders", .json = "{\"fail\":true}"}, "event");
    const struct record *record = await_dead(world, "orders-dlq", "event");
    assert_text(record_header(record, "total-retries"), "3");
}

static void a_request_that_fails_is_told_and_there_with_its_traceback_at_once(void **state)
{
    struct world *world = *state;
    post(world,
         &(struct question){.topic = "orders", .json = "{\"fail\":true}", .dialect = KAFKA_CLIENT},
         "always");
    const struct record *record = await_dead(world, "orders-dlq", "always");
    assert_text(record_header(record, "total-retries"), "0");
    assert_starts(record_header(record, "error"), "scripts/orders.lua:10: it failed");
    struct mr_bytes stack = record_header(record, "error-stack");
    char *text = strndup(stack.data, stack.length);
    assert_contains(text, "stack traceback:");
    assert_contains(text, "scripts/orders.lua:10");
    free(text);
    assert_text(record_header(world_reply(world, "always"), "status-code"), "500");
    world_settle(world, "orders", PARTITIONS);
    assert_int_equal(world_replies(world, "always"), 1);
    assert_int_equal(count_dead(world, "orders-dlq", "always"), 1);
}

static void a_request_that_is_refused_with_a_status_has_none(void **state)
{
    struct world *world = *state;
    post(world, &(struct question){.topic = "orders", .json = "{\"status\":503}", .dialect = PLAIN},
         "status");
    assert_text(record_header(world_reply(world, "status"), "status-code"), "503");
    world_settle(world, "orders", PARTITIONS);
    client_catch_up(world->client, "orders-dlq", PARTITIONS);
    assert_int_equal(count_dead(world, "orders-dlq", "status"), 0);
}

static void a_request_that_is_rejected_is_told_and_there(void **state)
{
    struct world *world = *state;
    post(world, &(struct question){.topic = "orders", .json = "{\"reject\":1}", .dialect = PLAIN},
         "rejected");
    assert_text(record_header(world_reply(world, "rejected"), "status-code"), "500");
    assert_text(record_header(await_dead(world, "orders-dlq", "rejected"), "total-retries"), "0");
}

static void it_goes_by_key_where_its_partition_is_not_there(void **state)
{
    struct world *world = *state;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        char id[32];
        snprintf(id, sizeof(id), "wide-%d", (int)i);
        post(world,
             &(struct question){.topic = "wide",
                                .key = "k",
                                .json = "{\"status\":400}",
                                .to_partition = true,
                                .partition = i},
             id);
        const struct record *record = await_dead(world, "wide-dlq", id);
        assert_int_equal(record->partition, 0);
        assert_int_equal(record_header(record, "original-partition").data[0], '0' + i);
    }
    assert_false(router_logged(&world->router, 0, "dead_letter_blocked"));
}

static void topic_names_and_spring_s_headers_are_as_configured(void **state)
{
    struct world *world = *state;
    int64_t offset = client_end(world->client, "fine", 1);
    char expected[8] = {0};
    expected[7] = (char)offset;
    post(world, &(struct question){.topic = "fine", .json = "{\"status\":400}"}, "spring");
    const struct record *record = await_dead(world, "fine.failed", "spring");
    assert_string_equal(record_header_names(record),
                        "id original-topic original-partition original-offset original-timestamp "
                        "x-error-message error-stack failed-at x-retry-count x-reason "
                        "kafka_dlt-original-topic kafka_dlt-original-partition "
                        "kafka_dlt-original-offset kafka_dlt-original-timestamp "
                        "kafka_dlt-original-timestamp-type kafka_dlt-original-consumer-group "
                        "kafka_dlt-exception-fqcn kafka_dlt-exception-message "
                        "kafka_dlt-exception-stacktrace");
    assert_text(record_header(record, "x-error-message"), "refused");
    assert_text(record_header(record, "x-reason"), "status");
    assert_text(record_header(record, "kafka_dlt-original-topic"), "fine");
    assert_true(mr_bytes_equal(record_header(record, "kafka_dlt-original-partition"),
                               MR_BYTES("\x00\x00\x00\x00")));
    assert_true(mr_bytes_equal(record_header(record, "kafka_dlt-original-offset"),
                               (struct mr_bytes){expected, 8}));
    assert_int_equal(record_header(record, "kafka_dlt-original-timestamp").length, 8);
    assert_text(record_header(record, "kafka_dlt-original-timestamp-type"), "CreateTime");
    assert_text(record_header(record, "kafka_dlt-original-consumer-group"), world->router.group);
    assert_text(record_header(record, "kafka_dlt-exception-fqcn"), "Refused");
    assert_text(record_header(record, "kafka_dlt-exception-message"), "refused");
}

/* librdkafka takes a topic that was forbidden once for forbidden until it has asked again. */
static void post_until_answered(struct world *world)
{
    const char *id;
    size_t dead;
    do {
        id = unique("allowed");
        post(world, &(struct question){.topic = "fine", .json = "{}", .dialect = PLAIN}, id);
        AWAIT((dead = count_dead(world, "fine.failed", id)) + world_replies(world, id) > 0);
    } while (dead > 0);
}

static void a_reply_that_cannot_be_delivered_leaves_one_and_stops_nothing(void **state)
{
    struct world *world = *state;
    post(world,
         &(struct question){
             .topic = "fine", .json = "{}", .dialect = PLAIN, .reply_to = "no topic!"},
         "nowhere");
    assert_starts(record_header(await_dead(world, "fine.failed", "nowhere"), "x-error-message"),
                  "the reply cannot be delivered");
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, REPLIES, REQUEST_PRODUCE, 2,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0);
    post(world, &(struct question){.topic = "fine", .json = "{\"status\":404}", .dialect = PLAIN},
         "error-reply");
    assert_starts(record_header(await_dead(world, "fine.failed", "error-reply"), "x-error-message"),
                  "the reply cannot be delivered to replies:");
    assert_text(world_ask(world, "fine", "{}")->value, "1");
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, REPLIES, REQUEST_PRODUCE, 1,
                                                 RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 0);
    post(world, &(struct question){.topic = "fine", .json = "{}", .dialect = PLAIN}, "forbidden");
    await_dead(world, "fine.failed", "forbidden");
    world_settle(world, "fine", 1);
    assert_int_equal(world_replies(world, "forbidden") + world_replies(world, "error-reply"), 0);
    post_until_answered(world);
}

/* The handler has returned by then, and the request is answered: the second attempt does not answer
 * again. */
static void a_record_that_cannot_be_delivered_is_a_failure_of_its_message(void **state)
{
    struct world *world = *state;
    double retries = router_metric(&world->router, "retry_attempts_total");
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, DEAD, REQUEST_PRODUCE, 2,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0);
    post(world,
         &(struct question){
             .topic = "fine", .json = "{\"publish\":1,\"times\":2}", .dialect = PLAIN},
         "late");
    assert_text(client_await(world->client, "published", 0)->value, "1");
    world_settle(world, "fine", 1);
    assert_true(router_metric(&world->router, "retry_attempts_total") == retries + 1);
    assert_int_equal(world_replies(world, "late"), 1);
    assert_int_equal(client_count(world->client, "published"), 1);
}

static void one_that_fails_before_the_handler_returns_fails_the_attempt(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, DEAD, REQUEST_PRODUCE, 2,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0);
    post(world,
         &(struct question){
             .topic = "fine", .json = "{\"publish\":1,\"wait\":300}", .dialect = PLAIN},
         "early");
    assert_text(world_reply(world, "early")->value, "2");
}

static void one_that_is_too_large_says_less(void **state)
{
    struct world *world = *state;
    post(world, &(struct question){.topic = "orders", .json = "{\"long\":true}"}, "long");
    const struct record *record = await_dead(world, "orders-dlq", "long");
    assert_true(record_header(record, "error").length == 4096);
    assert_true(record_header(record, "error-stack").length <= 16384);
    rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, DEAD, REQUEST_PRODUCE, 2,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0,
                                                 RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, 0);
    post(world, &(struct question){.topic = "orders", .json = "{\"long\":true}"}, "too-long");
    record = await_dead(world, "orders-dlq", "too-long");
    assert_int_equal(record_header(record, "error").length, 64);
    assert_int_equal(record_header(record, "error-stack").length, 0);
}

static void a_script_on_dead_letters_is_a_script_like_any(void **state)
{
    struct world *world = *state;
    const struct mr_pair headers[] = {{MR_BYTES("id"), MR_BYTES("twice")},
                                      {MR_BYTES("reconsidered"), MR_BYTES("1")}};
    world_send(world, &(struct question){.topic = "orders",
                                         .json = "{\"status\":400}",
                                         .headers = headers,
                                         .header_count = 2});
    const struct record *record = await_dead(world, "orders-dlq-dlq", "twice");
    assert_text(record->value, "{\"status\":400}");
    assert_text(record_header(record, "original-topic"), "orders-dlq");
    assert_text(record_header(record, "error"), "still");
}

static bool is_blocked(struct world *world)
{
    char *body;
    int status = router_get(&world->router, "/health", &body);
    bool blocked = status == 503 && strstr(body, "dead_letter_blocked") != NULL;
    free(body);
    return blocked;
}

static void refuse_dead_letters(struct world *world, size_t times)
{
    for (size_t i = 0; i < times; i++)
        rd_kafka_mock_broker_push_request_error_rtts(world->cluster.mock, DEAD, REQUEST_PRODUCE, 1,
                                                     RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                                     0);
}

static void post_to(struct world *world, int32_t partition, const char *json, const char *id)
{
    post(world,
         &(struct question){.topic = "orders",
                            .json = json,
                            .dialect = PLAIN,
                            .to_partition = true,
                            .partition = partition},
         id);
}

static void while_it_cannot_be_written_its_partition_waits_and_health_says_so(void **state)
{
    struct world *world = *state;
    size_t from = router_log_size(&world->router);
    refuse_dead_letters(world, 2);
    post_to(world, 0, "{\"reject\":1}", "unwritten");
    AWAIT(is_blocked(world));
    assert_true(router_is_ready(&world->router));
    post_to(world, 0, "{}", "behind");
    post_to(world, 1, "{}", "beside");
    world_reply(world, "beside");
    assert_int_equal(world_replies(world, "behind"), 0);
    await_dead(world, "orders-dlq", "unwritten");
    world_reply(world, "behind");
    AWAIT(!is_blocked(world));
    assert_int_equal(router_metric(&world->router, "dlq_blocked_partitions"), 0);
    world_settle(world, "orders", PARTITIONS);
    assert_int_equal(count_dead(world, "orders-dlq", "unwritten"), 1);
    assert_int_equal(world_replies(world, "unwritten"), 1);
    assert_int_equal(router_logged_times(&world->router, from, "\"dead_letter_blocked\""), 1);
    assert_int_equal(router_logged_times(&world->router, from, "\"dead_letter_unblocked\""), 1);
}

static void a_stop_meanwhile_leaves_it_to_the_next_start(void **state)
{
    struct world *world = *state;
    refuse_dead_letters(world, 2);
    post_to(world, 0, "{\"reject\":1}", "stopped");
    AWAIT(is_blocked(world));
    post_to(world, 0, "{}", "held");
    router_stop(&world->router);
    client_catch_up(world->client, "orders-dlq", PARTITIONS);
    assert_int_equal(count_dead(world, "orders-dlq", "stopped"), 0);
    assert_int_equal(world_replies(world, "held"), 0);
    router_start(&world->router);
    await_dead(world, "orders-dlq", "stopped");
    world_reply(world, "held");
    world_settle(world, "orders", PARTITIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_what_came_and_what_became_of_it),
        cmocka_unit_test(a_null_stays_a_null),
        cmocka_unit_test(what_is_no_json_is_there_byte_for_byte_and_a_request_is_told),
        cmocka_unit_test(what_always_fails_is_there_after_the_last_retry),
        cmocka_unit_test(a_request_that_fails_is_told_and_there_with_its_traceback_at_once),
        cmocka_unit_test(a_request_that_is_refused_with_a_status_has_none),
        cmocka_unit_test(a_request_that_is_rejected_is_told_and_there),
        cmocka_unit_test(it_goes_by_key_where_its_partition_is_not_there),
        cmocka_unit_test(topic_names_and_spring_s_headers_are_as_configured),
        cmocka_unit_test(a_reply_that_cannot_be_delivered_leaves_one_and_stops_nothing),
        cmocka_unit_test(a_record_that_cannot_be_delivered_is_a_failure_of_its_message),
        cmocka_unit_test(one_that_fails_before_the_handler_returns_fails_the_attempt),
        cmocka_unit_test(one_that_is_too_large_says_less),
        cmocka_unit_test(a_script_on_dead_letters_is_a_script_like_any),
        cmocka_unit_test(while_it_cannot_be_written_its_partition_waits_and_health_says_so),
        cmocka_unit_test(a_stop_meanwhile_leaves_it_to_the_next_start),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
