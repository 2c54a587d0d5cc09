/* Retries in place: what failed is handled again after its delay, its key waits for it, others do
 * not. */
#include "harness/world.h"

/* Tells of each attempt, and fails the first `fails` of them. */
static const char orders[] = "local router = require 'moonroute'\n"
                             "function handleMessage(topic, message, headers, context)\n"
                             "  router.publish('attempts', { id = message.id, attempt = "
                             "context.attempt, at = router.now() },"
                             " { key = message.id, partition = 0 })\n"
                             "  if context.attempt > (message.fails or 0) then return 'done' end\n"
                             "  if message.status then router.fail(message.status, 'down') end\n"
                             "  if message.after then router.retry(message.after, 'later') end\n"
                             "  error('it failed')\n"
                             "end\n";
#define CONFIG                                                                                     \
    "defaults = { retry = { base = 100, jitter = 0 } },"                                           \
    "routes = { keen = { retry = { requests = true } }, narrow = { concurrency = 1 }, strict = { " \
    "ordering = 'partition' },"                                                                    \
    "patient = { retry = { base = 60000, cap = 60000 } } }"
enum { PARTITIONS = 2 };

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", PARTITIONS, orders);
    world_serve(world, "keen", PARTITIONS, orders);
    world_serve(world, "narrow", 1, orders);
    world_serve(world, "strict", 1, orders);
    world_serve(world, "patient", 1, orders);
    cluster_topic(&world->cluster, "attempts", 1);
    client_read(world->client, "attempts", 1);
    router_config(&world->router, CONFIG);
    router_start(&world->router);
    return 0;
}

static size_t attempts(struct world *world, const char *id)
{
    return client_count_key(world->client, "attempts", id);
}

/* That attempt at the message, as the handler told of it; awaits it. Returns where among all of
 * them it is. */
static size_t await_attempt(struct world *world, const char *id, size_t attempt, double *at)
{
    AWAIT(attempts(world, id) >= attempt);
    for (size_t i = 0, seen = 0;; i++) {
        const struct record *record = client_await(world->client, "attempts", i);
        if (!mr_bytes_equal(record->key, mr_bytes_of(id)) || ++seen < attempt)
            continue;
        char text[128];
        int number = 0;
        snprintf(text, sizeof(text), "%.*s", (int)record->value.length, record->value.data);
        assert_int_equal(sscanf(strstr(text, "\"attempt\":"), "\"attempt\":%d", &number), 1);
        assert_int_equal(sscanf(strstr(text, "\"at\":"), "\"at\":%lf", at), 1);
        assert_int_equal(number, attempt);
        return i;
    }
}

static void post(struct world *world, const char *topic, const char *id, const char *key,
                 const char *more)
{
    char json[256];
    snprintf(json, sizeof(json), "{\"id\":\"%s\"%s}", id, more);
    world_send(world, &(struct question){.topic = topic, .key = key, .json = json});
}

static void a_message_that_fails_is_handled_again_after_growing_delays(void **state)
{
    struct world *world = *state;
    char id[32];
    double at[5], retries = router_metric(&world->router, "retry_attempts_total");
    snprintf(id, sizeof(id), "%s", unique("grows"));
    post(world, "orders", id, "k", ",\"fails\":3");
    for (size_t i = 1; i <= 4; i++)
        await_attempt(world, id, i, &at[i]);
    assert_true(at[2] - at[1] >= 95);
    assert_true(at[3] - at[2] >= 195);
    assert_true(at[4] - at[3] >= 395);
    world_settle(world, "orders", PARTITIONS);
    AWAIT(router_metric(&world->router, "retry_attempts_total") == retries + 3);
}

static void max_counts_what_comes_after_the_first_attempt(void **state)
{
    struct world *world = *state;
    char id[32];
    snprintf(id, sizeof(id), "%s", unique("always"));
    post(world, "orders", id, NULL, ",\"fails\":100,\"after\":1");
    world_settle(world, "orders", PARTITIONS);
    client_catch_up(world->client, "attempts", 1);
    assert_int_equal(attempts(world, id), 4);
}

static void the_fault_s_own_delay_wins(void **state)
{
    struct world *world = *state;
    char id[32];
    double first, second;
    snprintf(id, sizeof(id), "%s", unique("after"));
    post(world, "patient", id, NULL, ",\"fails\":1,\"after\":300");
    await_attempt(world, id, 1, &first);
    await_attempt(world, id, 2, &second);
    assert_true(second - first >= 295 && second - first < 20000);
}

static void its_key_waits_and_the_others_go_on(void **state)
{
    struct world *world = *state;
    char slow[32], same[32], other[32], keyless[32];
    double at;
    snprintf(slow, sizeof(slow), "%s", unique("slow"));
    snprintf(same, sizeof(same), "%s", unique("same"));
    snprintf(other, sizeof(other), "%s", unique("other"));
    snprintf(keyless, sizeof(keyless), "%s", unique("keyless"));
    post(world, "narrow", slow, "k", ",\"fails\":1,\"after\":500");
    post(world, "narrow", same, "k", "");
    post(world, "narrow", other, "l", "");
    post(world, "narrow", keyless, NULL, "");
    size_t again = await_attempt(world, slow, 2, &at);
    assert_true(await_attempt(world, same, 1, &at) > again);
    assert_true(await_attempt(world, other, 1, &at) < again);
    assert_true(await_attempt(world, keyless, 1, &at) < again);
}

static void in_a_partition_s_order_the_partition_waits(void **state)
{
    struct world *world = *state;
    char slow[32], other[32];
    double at;
    snprintf(slow, sizeof(slow), "%s", unique("first"));
    snprintf(other, sizeof(other), "%s", unique("second"));
    post(world, "strict", slow, "k", ",\"fails\":2,\"after\":100");
    post(world, "strict", other, "l", "");
    size_t again = await_attempt(world, slow, 3, &at);
    assert_true(await_attempt(world, other, 1, &at) > again);
}

static void a_request_is_answered_by_its_first_attempt_even_if_that_fails(void **state)
{
    struct world *world = *state;
    char id[32], json[64];
    snprintf(id, sizeof(id), "%s", unique("failed"));
    snprintf(json, sizeof(json), "{\"id\":\"%s\",\"fails\":1}", id);
    world_request(world, "orders", NULL, id, json);
    assert_text(record_header(world_reply(world, id), "status-code"), "500");
    world_settle(world, "orders", PARTITIONS);
    assert_int_equal(attempts(world, id), 1);
}

static void where_its_route_says_so_the_attempt_that_does_it_answers_it_once(void **state)
{
    struct world *world = *state;
    char id[32], json[64];
    snprintf(id, sizeof(id), "%s", unique("asked"));
    snprintf(json, sizeof(json), "{\"id\":\"%s\",\"fails\":2}", id);
    world_request(world, "keen", NULL, id, json);
    assert_text(world_reply(world, id)->value, "\"done\"");
    world_settle(world, "keen", PARTITIONS);
    AWAIT(attempts(world, id) == 3);
    assert_int_equal(world_replies(world, id), 1);
}

static void a_request_that_always_fails_is_answered_at_the_end(void **state)
{
    struct world *world = *state;
    char id[32], json[64];
    snprintf(id, sizeof(id), "%s", unique("in-vain"));
    snprintf(json, sizeof(json), "{\"id\":\"%s\",\"fails\":9,\"after\":5}", id);
    world_request(world, "orders", NULL, id, json);
    assert_text(record_header(world_reply(world, id), "status-code"), "503");
    AWAIT(attempts(world, id) == 4);
    world_settle(world, "orders", PARTITIONS);
    assert_int_equal(world_replies(world, id), 1);
}

static void a_request_that_raises_a_status_is_answered_at_once(void **state)
{
    struct world *world = *state;
    char id[32], json[64];
    snprintf(id, sizeof(id), "%s", unique("status"));
    snprintf(json, sizeof(json), "{\"id\":\"%s\",\"fails\":9,\"status\":502}", id);
    world_request(world, "orders", NULL, id, json);
    assert_text(record_header(world_reply(world, id), "status-code"), "502");
    world_settle(world, "orders", PARTITIONS);
    assert_int_equal(attempts(world, id), 1);
}

/* A request whose deadline no integer holds. */
static void ask_at_the_end_of_time(struct world *world)
{
    const struct mr_pair headers[] = {{MR_BYTES("correlation-id"), MR_BYTES("last")},
                                      {MR_BYTES("reply-to"), MR_BYTES("replies")}};
    client_send(world->client, &(struct mr_outgoing){.topic = "orders",
                                                     .value = MR_BYTES("{\"id\":\"last\"}"),
                                                     .partition = MR_PARTITION_ANY,
                                                     .timestamp = INT64_MAX,
                                                     .headers = headers,
                                                     .header_count = 2});
    assert_text(world_reply(world, "last")->value, "\"done\"");
}

static void a_request_past_its_deadline_is_dropped_where_that_is_wanted(void **state)
{
    struct world *world = *state;
    char json[64];
    static const char counted[] = "messages_processed_total{topic=\"orders\",status=\"expired\"}";
    const struct mr_pair late = {MR_BYTES("timestamp"), MR_BYTES("1000")};
    snprintf(json, sizeof(json), "{\"id\":\"%s\",\"fails\":1,\"after\":50}", unique("late"));
    world_send(world, &(struct question){.topic = "orders",
                                         .json = json,
                                         .dialect = PLAIN,
                                         .id = MR_BYTES("late-and-handled"),
                                         .headers = &late,
                                         .header_count = 1});
    assert_text(world_reply(world, "late-and-handled")->value, "\"done\"");
    router_config(&world->router, CONFIG ", rpc = { drop_expired = true }");
    assert_true(router_reload(&world->router));
    world_send(world, &(struct question){.topic = "orders",
                                         .json = json,
                                         .dialect = PLAIN,
                                         .id = MR_BYTES("late"),
                                         .headers = &late,
                                         .header_count = 1});
    AWAIT(router_metric(&world->router, counted) == 1);
    world_request(world, "orders", NULL, "in-time", "{\"id\":\"in-time\"}");
    assert_text(world_reply(world, "in-time")->value, "\"done\"");
    ask_at_the_end_of_time(world);
    world_settle(world, "orders", PARTITIONS);
    assert_int_equal(world_replies(world, "late"), 0);
    router_config(&world->router, CONFIG);
    assert_true(router_reload(&world->router));
}

/* The configuration stays, the script does not fail any more. */
static void a_retry_runs_on_the_code_of_its_time(void **state)
{
    struct world *world = *state;
    char id[32], json[64];
    double at;
    snprintf(id, sizeof(id), "%s", unique("reloaded"));
    snprintf(json, sizeof(json), "{\"id\":\"%s\",\"fails\":3,\"after\":3000}", id);
    world_request(world, "orders", NULL, id, json);
    await_attempt(world, id, 1, &at);
    router_script(&world->router, "orders",
                  "function handleMessage(topic, message, headers, context)\n"
                  "  return context.attempt\n"
                  "end\n");
    assert_true(router_reload(&world->router));
    assert_text(world_reply(world, id)->value, "2");
    router_script(&world->router, "orders", orders);
    assert_true(router_reload(&world->router));
}

/* It is not committed while it waits; whoever comes next handles it, from the first attempt on. */
static void a_stop_does_not_wait_for_it_and_the_next_start_handles_it(void **state)
{
    struct world *world = *state;
    char id[32];
    double at;
    snprintf(id, sizeof(id), "%s", unique("stopped"));
    post(world, "patient", id, NULL, ",\"fails\":1");
    await_attempt(world, id, 1, &at);
    AWAIT(router_logged(&world->router, 0, "retried in 60000 ms"));
    router_stop(&world->router);
    router_script(
        &world->router, "patient",
        "local router = require 'moonroute'\n"
        "function handleMessage(topic, message, headers, context)\n"
        "  router.publish('attempts', { attempt = context.attempt }, { key = message.id .. "
        "'-again' })\n"
        "end\n");
    router_start(&world->router);
    strcat(id, "-again");
    AWAIT(attempts(world, id) == 1);
    world_settle(world, "patient", 1);
    const struct record *last =
        client_await(world->client, "attempts", client_count(world->client, "attempts") - 1);
    assert_text(last->value, "{\"attempt\":1}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_that_fails_is_handled_again_after_growing_delays),
        cmocka_unit_test(max_counts_what_comes_after_the_first_attempt),
        cmocka_unit_test(the_fault_s_own_delay_wins),
        cmocka_unit_test(its_key_waits_and_the_others_go_on),
        cmocka_unit_test(in_a_partition_s_order_the_partition_waits),
        cmocka_unit_test(a_request_is_answered_by_its_first_attempt_even_if_that_fails),
        cmocka_unit_test(where_its_route_says_so_the_attempt_that_does_it_answers_it_once),
        cmocka_unit_test(a_request_that_always_fails_is_answered_at_the_end),
        cmocka_unit_test(a_request_that_raises_a_status_is_answered_at_once),
        cmocka_unit_test(a_request_past_its_deadline_is_dropped_where_that_is_wanted),
        cmocka_unit_test(a_retry_runs_on_the_code_of_its_time),
        cmocka_unit_test(a_stop_does_not_wait_for_it_and_the_next_start_handles_it),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
