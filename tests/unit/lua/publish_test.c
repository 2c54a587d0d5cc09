/* Records that scripts publish, as the host gets them, and the other functions of the router. */
#include <ctype.h>
#include <unistd.h>

#include "base/clock.h"
#include "world.h"

#define ROUTER  "local router = require 'moonroute' "
#define HANDLER "function handleMessage(topic, message, headers, context) "

static void publish(struct world *world, const char *arguments)
{
    char script[512];
    snprintf(script, sizeof(script), ROUTER HANDLER "router.publish(%s) return 1 end", arguments);
    assert_handles(world, script, "{\"id\":\"m\"}", "1");
}

static void a_record_has_what_the_options_say(void **state)
{
    struct world *world = *state;
    publish(world, "'x', { a = 1 }, { key = 'k', partition = 4, timestamp = 1700000000000, "
                   "headers = { { 'h', 'v' }, { 'n', 5 }, { 'b', false }, "
                   "{ 'z', require('moonroute').null } } }");
    assert_int_equal(world->published.count, 1);
    assert_string_equal(world->published.topic, "x");
    assert_string_equal(world->published.key, "k");
    assert_string_equal(world->published.value, "{\"a\":1}");
    assert_string_equal(world->published.headers, "h=v;n=5;b=false;z=-");
    assert_int_equal(world->published.partition, 4);
    assert_int_equal(world->published.timestamp, 1700000000000);
    assert_ptr_equal(world->published.job, world);
}

static void a_record_without_options_is_left_to_the_host(void **state)
{
    struct world *world = *state;
    publish(world, "'x', 'text'");
    assert_string_equal(world->published.value, "\"text\"");
    assert_string_equal(world->published.key, "-");
    assert_string_equal(world->published.headers, "");
    assert_int_equal(world->published.partition, MR_PARTITION_ANY);
    assert_int_equal(world->published.timestamp, 0);
}

static void the_key_is_by_default_an_id_of_the_value(void **state)
{
    static const struct {
        const char *arguments, *key;
    } cases[] = {
        {"'x', { id = 'a' }", "a"},
        {"'x', { id = 1234567890123456 }", "1234567890123456"},
        {"'x', { id = 1.5 }", "1.5"},
        {"'x', { messageId = 'm' }", "m"},
        {"'x', { id = 'a', messageId = 'm' }", "a"},
        {"'x', { id = {} , messageId = 'm' }", "m"},
        {"'x', { id = 'a' }, { key = 'b' }", "b"},
        {"'x', { id = 'a' }, { key = '' }", ""},
        {"'x', { id = 'a' }, { key = 7 }", "7"},
        {"'x', { id = 'a' }, { key = router.null }", "-"},
        {"'x', message", "m"},
        {"'x', 5", "-"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        publish(*state, cases[i].arguments);
        assert_string_equal(((struct world *)*state)->published.key, cases[i].key);
    }
}

static void null_publishes_a_null_value(void **state)
{
    struct world *world = *state;
    publish(world, "'x', router.null, { key = 'k' }");
    assert_string_equal(world->published.value, "-");
    publish(world, "'x', { a = router.null }");
    assert_string_equal(world->published.value, "{\"a\":null}");
}

static void what_is_impossible_raises_at_once_with_the_scripts_line(void **state)
{
    static const struct {
        const char *arguments, *why;
    } cases[] = {
        {"nil, 1", "test.lua:1: router.publish: topic: expected a string, got a nil"},
        {"'', 1",
         "test.lua:1: router.publish: topic: '' is not a name that a Kafka topic can have"},
        {"'.', 1", "topic: '.' is not"},
        {"'..', 1", "topic: '..' is not"},
        {"'a b', 1", "topic: 'a b' is not"},
        {"'a\\0b', 1", "topic: "},
        {"('x'):rep(250), 1", "topic: "},
        {"'x'", "test.lua:1: router.publish: value: expected a value, got nil (router.null sends"},
        {"'x', print", "test.lua:1: router.publish: value: "},
        {"'x', { f = function() end }", "value: "},
        {"'x', 0/0", "value: "},
        {"'x', '\\255'", "value: a string that is not UTF-8"},
        {"'x', 1, 'k'", "options: expected a table, got a string"},
        {"'x', 1, { ky = 1 }", "unknown option 'ky'"},
        {"'x', 1, { [1] = 1 }", "unknown option '1'"},
        {"'x', 1, { timeout = 1 }", "unknown option 'timeout'"},
        {"'x', 1, { key = {} }", "key: expected a string or a number, got table"},
        {"'x', 1, { key = true }", "key: expected a string or a number, got true"},
        {"'x', 1, { partition = -1 }", "partition: expected a whole number, 0 or more, got -1"},
        {"'x', 1, { partition = 1.5 }", "partition: expected a whole number, 0 or more, got 1.5"},
        {"'x', 1, { partition = 2^31 }", "partition: expected"},
        {"'x', 1, { partition = 'a' }", "partition: expected a whole number, 0 or more, got \"a\""},
        {"'x', 1, { timestamp = 0 }", "timestamp: expected milliseconds since 1970"},
        {"'x', 1, { headers = 5 }", "headers: expected a table, got a number"},
        {"'x', 1, { headers = { a = {} } }", "headers: a: expected a string, number or boolean"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char script[512];
        snprintf(script, sizeof(script), ROUTER HANDLER "router.publish(%s) end",
                 cases[i].arguments);
        assert_fails(*state, script, "1", cases[i].why);
    }
    assert_int_equal(((struct world *)*state)->published.count, 0);
}

static void a_refusal_of_the_host_raises(void **state)
{
    struct world *world = *state;
    world->refusal = "the queue is full";
    assert_fails(world, ROUTER HANDLER "router.publish('x', 1) end", "1",
                 "scripts/test.lua:1: router.publish: the queue is full");
}

static void arrays_made_by_the_router_are_what_they_were(void **state)
{
    assert_handles(*state,
                   ROUTER HANDLER "local list = { 1 } "
                                  "return { router.array(list) == list, router.array(list), "
                                  "#router.array() } end",
                   "1", "[true,[1],0]");
}

static void uuids_are_random_version_four(void **state)
{
    struct world *world = *state;
    world_script(world,
                 ROUTER HANDLER "local seen = {} for _ = 1, 1000 do "
                                "local id = router.uuid() "
                                "assert(not seen[id] and id:find('^%x+%-%x+%-4%x+%-[89ab]')) "
                                "seen[id] = true end return #router.uuid() end");
    struct mr_task *task = world_start(world, "1");
    assert_reply(world, "36");
    world_end(world, task);
}

static void now_is_the_time_of_day_in_milliseconds(void **state)
{
    struct world *world = *state;
    int64_t before = mr_clock_wall_ms();
    world_script(world, ROUTER HANDLER "return router.now() end");
    struct mr_task *task = world_start(world, "1");
    int64_t seen = strtoll(world_text(world->result.value), NULL, 10);
    assert_true(seen >= before && seen <= mr_clock_wall_ms());
    world_end(world, task);
}

static void the_environment_is_readable_but_for_secrets(void **state)
{
    setenv("MR_TEST_PLAIN", "plain", 1);
    setenv("MR_TEST_PASSWORD", "hidden", 1);
    setenv("mr_test_secret", "hidden", 1);
    setenv("MR_TEST_TOKEN_X", "hidden", 1);
    setenv("KAFKA_SASL_USERNAME_FILE", "hidden", 1);
    assert_handles(*state,
                   ROUTER HANDLER "return { router.env('MR_TEST_PLAIN'), "
                                  "router.env('MR_TEST_PASSWORD') == nil, "
                                  "router.env('mr_test_secret') == nil, "
                                  "router.env('MR_TEST_TOKEN_X') == nil, "
                                  "router.env('KAFKA_SASL_USERNAME_FILE') == nil, "
                                  "router.env('MR_TEST_UNSET') == nil } end",
                   "1", "[\"plain\",true,true,true,true,true]");
    static const char *const secrets[][2] = {
        {"API_KEY", "x"},      {"DB_PASS", "x"},
        {"MYSQL_PWD", "x"},    {"JWT_SIGNING_KEY", "x"},
        {"DATABASE_URL", "x"}, {"Apikey", "x"},
        {"SENTRY_DSN", "x"},   {"CACHE", "redis://me:x@host:1/0"},
    };
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        struct mr_buf script = {0};
        mr_buf_printf(&script, ROUTER HANDLER "return tostring(router.env('%s')) end",
                      secrets[i][0]);
        setenv(secrets[i][0], secrets[i][1], 1);
        assert_handles(*state, mr_buf_text(&script), "1", "\"nil\"");
        mr_buf_free(&script);
    }
    setenv("MR_TEST_KEYBOARD", "de", 1);
    setenv("MR_TEST_URL", "http://host/@me", 1);
    setenv("PWD", "/tmp", 1);
    assert_handles(*state,
                   ROUTER HANDLER "return { router.env('MR_TEST_KEYBOARD'), "
                                  "router.env('MR_TEST_URL'), router.env('PWD') ~= nil } end",
                   "1", "[\"de\",\"http://host/@me\",true]");
    assert_fails(*state, ROUTER HANDLER "router.env() end", "1",
                 "test.lua:1: router.env: expected a name, got a nil");
}

static void a_message_s_headers_can_be_sent_on_with_the_null_ones(void **state)
{
    struct world *world = *state;
    const struct mr_pair headers[] = {{MR_BYTES("a"), MR_BYTES("1")},
                                      {MR_BYTES("none"), MR_BYTES_NONE}};
    struct mr_incoming incoming = world_message("1");
    incoming.headers = headers;
    incoming.header_count = 2;
    world_script(world, ROUTER HANDLER "router.publish('x', 1, { headers = context.headers }) "
                                       "return { context.headers[2][2] == router.null } end");
    struct mr_task *task = world_begin(world, MR_CODEC_JSON, &incoming);
    assert_reply(world, "[true]");
    world_end(world, task);
}

static void secrets_that_the_configuration_names_are_readable(void **state)
{
    struct world *world = *state;
    struct mr_config *config = mr_config_new();
    setenv("MR_TEST_A_KEY", "a", 1);
    setenv("MR_TEST_KEY", "no", 1);
    mr_config_set_text(config, "env.allow", "MR_TEST_A_KEY, DATABASE_URL", "test", &world->errors);
    mr_vm_allow(world->vm, config);
    mr_config_free(config);
    assert_handles(world,
                   ROUTER HANDLER "return { router.env('MR_TEST_A_KEY'), "
                                  "router.env('MR_TEST_KEY') == nil } end",
                   "1", "[\"a\",true]");
}

/* Runs the handler with the log in a file; returns its text, to be freed. */
static char *logged(struct world *world, const char *script)
{
    char path[] = "/tmp/moonroute-log-XXXXXX", *text = calloc(1, 8192);
    int fd = mkstemp(path);
    assert_true(fd >= 0 && text != NULL);
    assert_int_equal(mr_log_open(path, MR_LOG_JSON, MR_LOG_INFO, "test"), 0);
    assert_handles(world, script, "1", "1");
    assert_int_equal(mr_log_open(NULL, MR_LOG_TEXT, MR_LOG_INFO, "test"), 0);
    assert_true(read(fd, text, 8191) >= 0);
    close(fd);
    unlink(path);
    return text;
}

static void the_log_names_the_script_and_the_message(void **state)
{
    char *text = logged(*state, ROUTER HANDLER
                        "router.log.warn('stale', { age = 12, symbol = 'BTC', ok = true, "
                        "offset = 'mine', ['a \"b'] = 1.5 }) return 1 end");
    assert_non_null(strstr(text, "\"level\":\"warn\""));
    assert_non_null(strstr(text, "\"event\":\"script\",\"script\":\"scripts/test.lua\","
                                 "\"topic\":\"test\",\"partition\":3,\"offset\":1234567890123,"
                                 "\"message\":\"stale\",\"a__b\":\"1.5\",\"age\":12,"
                                 "\"field_offset\":\"mine\",\"ok\":\"true\",\"symbol\":\"BTC\""));
    free(text);
}

static void print_and_a_plain_log_go_to_the_log_too(void **state)
{
    char *text =
        logged(*state, ROUTER "print('loading', 1) " HANDLER
                              "router.log('plain') print('a', nil, 2) router.log.debug('unseen') "
                              "return 1 end");
    assert_non_null(strstr(text, "\"script\":\"scripts/test.lua\",\"message\":\"loading\\t1\""));
    assert_non_null(strstr(text, "\"message\":\"plain\""));
    assert_non_null(strstr(text, "\"message\":\"a\\tnil\\t2\""));
    assert_null(strstr(text, "unseen"));
    free(text);
}

static void odd_things_can_be_logged(void **state)
{
    char *text = logged(*state, ROUTER HANDLER
                        "local fields = {} for i = 1, 200 do fields['f' .. i] = i end "
                        "router.log.info('many', fields) router.log.info(nil, { [1] = {} }) "
                        "router.log.info(setmetatable({}, { __tostring = error })) "
                        "router.log.info(1e300, { n = 1e300, e = '' }) return 1 end");
    assert_non_null(strstr(text, "\"message\":\"many\""));
    assert_non_null(strstr(text, "\"message\":\"nil\",\"1\":\"table: "));
    assert_non_null(strstr(text, "(table that cannot be shown)"));
    assert_non_null(strstr(text, "\"n\":\"1e+300\""));
    free(text);
    assert_fails(*state, ROUTER HANDLER "router.log.info('a', 'b') end", "1",
                 "test.lua:1: router.log.info: fields: expected a table, got a string");
    assert_fails(*state, ROUTER HANDLER "router.log('a', 'b') end", "1",
                 "test.lua:1: router.log.info: fields: expected a table, got a string");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(a_record_has_what_the_options_say),
        world_test(a_record_without_options_is_left_to_the_host),
        world_test(the_key_is_by_default_an_id_of_the_value),
        world_test(null_publishes_a_null_value),
        world_test(what_is_impossible_raises_at_once_with_the_scripts_line),
        world_test(a_refusal_of_the_host_raises),
        world_test(arrays_made_by_the_router_are_what_they_were),
        world_test(uuids_are_random_version_four),
        world_test(now_is_the_time_of_day_in_milliseconds),
        world_test(the_environment_is_readable_but_for_secrets),
        world_test(secrets_that_the_configuration_names_are_readable),
        world_test(a_message_s_headers_can_be_sent_on_with_the_null_ones),
        world_test(the_log_names_the_script_and_the_message),
        world_test(print_and_a_plain_log_go_to_the_log_too),
        world_test(odd_things_can_be_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
