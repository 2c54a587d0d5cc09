#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lua/config_file.h"

struct world {
    struct mr_config *config;
    struct mr_errors errors;
    char file[64];
    struct mr_buf text;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->config = mr_config_new();
    strcpy(world->file, "/tmp/mr_config_file_test_XXXXXX");
    *state = world;
    int fd = mkstemp(world->file);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    struct world *world = *state;
    unlink(world->file);
    mr_config_free(world->config);
    mr_errors_free(&world->errors);
    mr_buf_free(&world->text);
    free(world);
    return 0;
}

/* What is said about a file of these bytes; its name is written as FILE. */
static const char *load_bytes(struct world *world, const char *bytes, size_t length)
{
    FILE *file = fopen(world->file, "w");
    fwrite(bytes, 1, length, file);
    fclose(file);
    mr_errors_free(&world->errors);
    mr_buf_clear(&world->text);
    mr_config_file(world->config, world->file, &world->errors);
    const char *said = mr_errors_text(&world->errors);
    for (const char *at; (at = strstr(said, world->file)) != NULL;
         said = at + strlen(world->file)) {
        mr_buf_append(&world->text, said, (size_t)(at - said));
        mr_buf_string(&world->text, "FILE");
    }
    mr_buf_string(&world->text, said);
    return mr_buf_text(&world->text);
}

static const char *load(struct world *world, const char *text)
{
    return load_bytes(world, text, strlen(text));
}

static void see(void *context, const char *name, const char *value)
{
    mr_buf_printf(context, "%s=%s;", name, value);
}

static void the_file_of_the_design_is_understood(void **state)
{
    struct world *world = *state;
    struct mr_config *config = world->config;
    assert_string_equal(
        load(world,
             "return {\n"
             "  service = 'dashboard', workers = 'auto',\n"
             "  kafka = { brokers = { 'a:9092', 'b:9092' }, connection_timeout = 10000,\n"
             "            sasl = { mechanism = 'scram-sha-512', username = env 'NO_SUCH_NAME' },\n"
             "            properties = { ['fetch.wait.max.ms'] = 100, ['a.b'] = true } },\n"
             "  defaults = { retry = { jitter = 0.1, mode = 'topic' }, budget = { memory = '64MB' "
             "},\n"
             "               dlq = { headers = { ['total-retries'] = 'x-retry-count' } } },\n"
             "  routes = { ['dashboard-bybit-commands'] = { retry = { max = 5 } }, other = {},\n"
             "             ['^orders\\\\.[a-z]+$'] = { script = 'orders.lua' } },\n"
             "  rpc = { response_topics = {} }, create_topics = false,\n"
             "}\n"),
        "");
    assert_string_equal(mr_config_string(config, "kafka.brokers"), "a:9092,b:9092");
    assert_false(mr_config_is_set(config, "kafka.sasl.username"));
    assert_false(mr_config_boolean(config, "create_topics"));
    assert_int_equal(mr_config_route_integer(config, "dashboard-bybit-commands", "retry.max"), 5);
    assert_string_equal(mr_config_route_string(config, "^orders\\.[a-z]+$", "script"),
                        "orders.lua");
    assert_string_equal(mr_config_route_string(config, "other", "dlq.headers[\"total-retries\"]"),
                        "x-retry-count");
    mr_buf_clear(&world->text);
    mr_config_map(config, "routes", see, &world->text);
    mr_config_map(config, "kafka.properties", see, &world->text);
    assert_string_equal(mr_buf_text(&world->text),
                        "^orders\\.[a-z]+$=;dashboard-bybit-commands=;other=;"
                        "a.b=true;fetch.wait.max.ms=100;");
}

static void all_errors_are_told_at_once_in_order(void **state)
{
    assert_string_equal(
        load(*state, "return { routes = { ['dashboard-bybit-commands'] = { retry = { max = 'five',"
                     " cap = 1.5 } } }, kafka = { broker = {}, brokers = { 'a:1', false, {} } },"
                     " log = 5, rpc = { timeout = { 1 }, drop_expired = 'maybe' } }"),
        "FILE: kafka.broker: unknown key (did you mean kafka.brokers?)\n"
        "FILE: kafka.brokers[2]: expected HOST:PORT, got false\n"
        "FILE: kafka.brokers[3]: expected HOST:PORT, got a table\n"
        "FILE: log: expected a table, got 5\n"
        "FILE: routes[\"dashboard-bybit-commands\"].retry.cap: expected an integer of 0 or more "
        "(milliseconds), got 1.5\n"
        "FILE: routes[\"dashboard-bybit-commands\"].retry.max: expected an integer of 0 or more, "
        "got \"five\"\n"
        "FILE: rpc.drop_expired: expected true or false, got \"maybe\"\n"
        "FILE: rpc.timeout: expected an integer from 1 to 2147483647 (milliseconds), got a "
        "table\n");
}

static void a_bad_item_of_a_list_is_shown_with_its_place(void **state)
{
    assert_string_equal(load(*state, "return { kafka = { brokers = { 'a:9092', '' } } }"),
                        "FILE: kafka.brokers[2]: expected HOST:PORT, got \"\"\n");
    assert_string_equal(load(*state, "return { kafka = { brokers = { 'a,', 'b:1,c', 'd:x' } } }"),
                        "FILE: kafka.brokers[1]: expected HOST:PORT, got \"a,\"\n"
                        "FILE: kafka.brokers[3]: expected HOST:PORT, got \"d:x\"\n");
    assert_string_equal(load(*state, "return { kafka = { brokers = { 'a\\0b' } } }"),
                        "FILE: kafka.brokers[1]: expected HOST:PORT, got a string with a NUL "
                        "byte\n");
    assert_string_equal(load(*state, "return { kafka = { brokers = {} } }"),
                        "FILE: kafka.brokers: expected a list of HOST:PORT, got an empty list\n");
    assert_string_equal(load(*state, "return { rpc = { response_topics = { 'a', 'b c' } } }"),
                        "FILE: rpc.response_topics[2]: expected a topic name (1 to 249 of letters, "
                        "digits, \".\", \"_\" and \"-\"), got \"b c\"\n");
}

static void odd_tables_are_refused(void **state)
{
    assert_string_equal(load(*state, "return { routes = { 'orders' } }"),
                        "FILE: routes: expected names as keys, got 1\n");
    assert_string_equal(load(*state, "return { [true] = 1 }"),
                        "FILE: the returned table: expected names as keys, got a boolean\n");
    assert_string_equal(load(*state, "return { ['a\\0b'] = 1 }"),
                        "FILE: the returned table: expected names as keys, got a string\n");
    assert_string_equal(load(*state, "return { kafka = { brokers = { 'a:1', x = 'b:1' } } }"),
                        "FILE: kafka.brokers: expected a list, got a table with other keys\n");
    assert_string_equal(load(*state, "local t = {} t.kafka = t return t"),
                        "FILE: kafka.kafka: unknown key (did you mean kafka?)\n");
}

static void odd_values_are_refused(void **state)
{
    assert_string_equal(load(*state, "return { service = function() end }"),
                        "FILE: service: expected a letter, then letters, digits, \".\", \"_\" or "
                        "\"-\", got a function\n");
    assert_string_equal(load(*state, "return { scripts = 'a\\0b' }"),
                        "FILE: scripts: expected a string that is not empty, got a string with a "
                        "NUL byte\n");
    assert_string_equal(load(*state, "return { rpc = { timeout = 0/0 } }"),
                        "FILE: rpc.timeout: expected an integer from 1 to 2147483647 "
                        "(milliseconds), got NaN\n");
    assert_string_equal(load(*state, "return { rpc = { timeout = math.huge } }"),
                        "FILE: rpc.timeout: expected an integer from 1 to 2147483647 "
                        "(milliseconds), got infinity\n");
    assert_string_equal(load(*state, "return { rpc = { timeout = 5LL } }"),
                        "FILE: rpc.timeout: expected an integer from 1 to 2147483647 "
                        "(milliseconds), got a cdata\n");
}

static void errors_of_the_language_name_the_line(void **state)
{
    assert_string_equal(load(*state, "return {\n  service = = 1\n}"),
                        "FILE:2: unexpected symbol near '='\n");
    assert_string_equal(load(*state, "\nlocal x = nothing.at_all\nreturn {}"),
                        "FILE:2: attempt to index global 'nothing' (a nil value)\n");
    assert_string_equal(load(*state, "\n\nerror('no way')"), "FILE:3: no way\n");
    assert_string_equal(load(*state, "error({})"),
                        "FILE: the configuration raised a value that is not text\n");
    assert_string_equal(load(*state, "error('no place', 0)"), "FILE: no place\n");
}

static void a_file_that_returns_no_table_says_so(void **state)
{
    assert_string_equal(load(*state, ""), "FILE: expected the file to return a table, got nil\n");
    assert_string_equal(load(*state, "return function() end"),
                        "FILE: expected the file to return a table, got a function\n");
}

static void a_missing_file_is_named(void **state)
{
    struct world *world = *state;
    mr_config_file(world->config, "/nowhere/moonroute.lua", &world->errors);
    assert_string_equal(mr_errors_text(&world->errors),
                        "/nowhere/moonroute.lua: cannot read it: No such file or directory\n");
}

static void a_loop_without_an_end_is_an_error(void **state)
{
    assert_string_equal(load(*state, "local i = 0\nwhile true do i = i + 1 end"),
                        "FILE:2: the configuration does not come to an end (an endless loop?)\n");
}

static void the_file_sees_no_more_than_it_needs(void **state)
{
    static const char *const hidden[] = {"os",     "io",      "require",      "load",  "loadstring",
                                         "dofile", "getfenv", "setmetatable", "pcall", "jit",
                                         "debug",  "_G",      "print",        "ffi",   "rawset"};
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        struct mr_buf text = {0};
        mr_buf_printf(&text, "assert(%s == nil, 'seen') return {}", hidden[i]);
        assert_string_equal(load(*state, mr_buf_text(&text)), "");
        mr_buf_free(&text);
    }
    assert_string_equal(load(*state, "return { service = ('%s-%d'):format('x', "
                                     "math.max(tonumber('1'), select('#', 1, 2))) }"),
                        "");
    assert_string_equal(mr_config_string(((struct world *)*state)->config, "service"), "x-2");
}

static void bytecode_is_refused(void **state)
{
    const char *said = load_bytes(*state, "\x1bLJ\x02\x00", 5);
    assert_non_null(strstr(said, "attempt to load chunk with wrong mode"));
}

static void the_environment_is_read_by_env(void **state)
{
    struct world *world = *state;
    char secret[] = "/tmp/mr_config_secret_XXXXXX";
    int fd = mkstemp(secret);
    assert_int_equal(write(fd, "hush\n", 5), 5);
    close(fd);
    setenv("MR_TEST_USER", "me", 1);
    setenv("MR_TEST_PASSWORD_FILE", secret, 1);
    assert_string_equal(load(world, "return { kafka = { sasl = { username = env 'MR_TEST_USER', "
                                    "password = env 'MR_TEST_PASSWORD' } } }"),
                        "");
    assert_string_equal(mr_config_string(world->config, "kafka.sasl.username"), "me");
    assert_string_equal(mr_config_string(world->config, "kafka.sasl.password"), "hush");
    setenv("MR_TEST_PASSWORD", "other", 1);
    assert_string_equal(
        load(world, "return {\n service = env 'MR_TEST_PASSWORD' }"),
        "FILE:2: MR_TEST_PASSWORD: set as well as MR_TEST_PASSWORD_FILE: set one of "
        "the two\n");
    unsetenv("MR_TEST_USER");
    unsetenv("MR_TEST_PASSWORD");
    unsetenv("MR_TEST_PASSWORD_FILE");
    unlink(secret);
}

static void what_was_set_before_the_file_stays(void **state)
{
    struct world *world = *state;
    mr_config_set_text(world->config, "workers", "2", "--workers", &world->errors);
    assert_string_equal(load(world, "return { workers = 3, service = 'file' }"), "");
    assert_int_equal(mr_config_integer(world->config, "workers"), 2);
    assert_string_equal(mr_config_string(world->config, "service"), "file");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_file_of_the_design_is_understood),
        TEST(all_errors_are_told_at_once_in_order),
        TEST(a_bad_item_of_a_list_is_shown_with_its_place),
        TEST(odd_tables_are_refused),
        TEST(odd_values_are_refused),
        TEST(errors_of_the_language_name_the_line),
        TEST(a_file_that_returns_no_table_says_so),
        TEST(a_missing_file_is_named),
        TEST(a_loop_without_an_end_is_an_error),
        TEST(the_file_sees_no_more_than_it_needs),
        TEST(bytecode_is_refused),
        TEST(the_environment_is_read_by_env),
        TEST(what_was_set_before_the_file_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
