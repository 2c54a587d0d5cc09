#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/keys.h"

struct world {
    struct mr_config *config;
    struct mr_errors errors;
    struct mr_buf seen;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->config = mr_config_new();
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_config_free(world->config);
    mr_errors_free(&world->errors);
    mr_buf_free(&world->seen);
    free(world);
    return 0;
}

static void set(struct world *world, const char *path, const char *text)
{
    mr_config_set_text(world->config, path, text, "file", &world->errors);
}

static void see(void *context, const char *name, const char *value)
{
    mr_buf_printf(context, "%s=%s;", name, value);
}

static const char *seen_map(struct world *world, const char *path)
{
    mr_buf_clear(&world->seen);
    mr_config_map(world->config, path, see, &world->seen);
    return mr_buf_text(&world->seen);
}

static const char *seen_list(struct world *world, const char *path)
{
    mr_buf_clear(&world->seen);
    mr_config_list(world->config, path, see, &world->seen);
    return mr_buf_text(&world->seen);
}

/* What is said when the path is set to the text; "" where it is taken. */
static const char *refusal(struct world *world, const char *path, const char *text)
{
    mr_errors_free(&world->errors);
    set(world, path, text);
    return mr_errors_text(&world->errors);
}

static const char *refused_value(struct world *world, const char *path,
                                 struct mr_config_value value)
{
    mr_errors_free(&world->errors);
    mr_config_set_value(world->config, path, value, "file", &world->errors);
    return mr_errors_text(&world->errors);
}

static void every_key_of_the_table_is_sound(void **state)
{
    (void)state;
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++) {
        size_t length = strlen(key->help);
        assert_true(length > 10 && key->help[length - 1] == '.');
        assert_true(key->kind != MR_KIND_ONE_OF || key->choices != NULL);
        assert_true(key->kind != MR_KIND_DURATION || strcmp(key->unit, "ms") == 0);
        if (key->inherits != NULL)
            assert_non_null(mr_config_key_at(key->inherits));
        if (key->kind != MR_KIND_ENTRY)
            assert_true(key->fallback != NULL || key->inherits != NULL || key->example != NULL);
    }
}

static void every_default_is_valid_for_its_key(void **state)
{
    struct world *world = *state;
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++)
        if (key->fallback != NULL && strstr(key->path, ".*") == NULL)
            set(world, key->path, key->fallback);
    assert_string_equal(mr_errors_text(&world->errors), "");
    mr_config_check(world->config, "file", &world->errors);
    assert_int_equal(world->errors.count, 0);
}

static void nothing_set_reads_as_the_defaults(void **state)
{
    struct mr_config *config = ((struct world *)*state)->config;
    assert_string_equal(mr_config_string(config, "service"), "moonroute");
    assert_string_equal(mr_config_string(config, "workers"), "auto");
    assert_int_equal(mr_config_integer(config, "workers"), 0);
    assert_int_equal(mr_config_integer(config, "defaults.budget.memory"), 256 * 1024 * 1024);
    assert_int_equal(mr_config_integer(config, "kafka.connection_timeout"), 10000);
    assert_true(mr_config_number(config, "defaults.retry.jitter") == 0.1);
    assert_true(mr_config_boolean(config, "create_topics"));
    assert_false(mr_config_boolean(config, "rpc.drop_expired"));
    assert_string_equal(mr_config_string(config, "log.file"), "");
    assert_string_equal(seen_list(*state, "kafka.brokers"), "=localhost:9092;");
    assert_string_equal(seen_list(*state, "rpc.response_topics"), "");
    assert_string_equal(seen_map(*state, "routes"), "");
    assert_false(mr_config_is_set(config, "service"));
    assert_string_equal(mr_config_origin(config, "service"), "");
}

static void what_is_set_first_stays(void **state)
{
    struct world *world = *state;
    set(world, "service", "first");
    mr_config_set_text(world->config, "service", "second", "later", &world->errors);
    assert_string_equal(mr_config_string(world->config, "service"), "first");
    assert_string_equal(mr_config_origin(world->config, "service"), "file");
    assert_true(mr_config_is_set(world->config, "service"));
}

static void the_group_is_the_client_is_the_service(void **state)
{
    struct world *world = *state;
    set(world, "service", "dashboard");
    assert_string_equal(mr_config_string(world->config, "kafka.group_id"), "dashboard");
    set(world, "kafka.client_id", "client");
    assert_string_equal(mr_config_string(world->config, "kafka.group_id"), "client");
    assert_string_equal(mr_config_route_string(world->config, "orders", "group_id"), "client");
    set(world, "kafka.group_id", "group");
    assert_string_equal(mr_config_route_string(world->config, "orders", "group_id"), "group");
    set(world, "routes[\"orders\"].group_id", "own");
    assert_string_equal(mr_config_route_string(world->config, "orders", "group_id"), "own");
    assert_string_equal(mr_config_route_string(world->config, "other", "group_id"), "group");
}

static void a_route_inherits_what_it_does_not_set(void **state)
{
    struct world *world = *state;
    set(world, "defaults.retry.max", "7");
    set(world, "routes[\"a\"].retry.max", "5");
    set(world, "routes[\"a\"].retry.requests", "true");
    set(world, "routes[\"a\"].codec", "raw");
    assert_int_equal(mr_config_route_integer(world->config, "a", "retry.max"), 5);
    assert_true(mr_config_route_boolean(world->config, "a", "retry.requests"));
    assert_false(mr_config_route_boolean(world->config, "b", "retry.requests"));
    assert_int_equal(mr_config_route_integer(world->config, "b", "retry.max"), 7);
    assert_int_equal(mr_config_route_integer(world->config, "b", "retry.base"), 1000);
    assert_true(mr_config_route_number(world->config, "b", "retry.multiplier") == 2);
    assert_string_equal(mr_config_route_string(world->config, "a", "codec"), "raw");
    assert_string_equal(mr_config_route_string(world->config, "b", "codec"), "json");
    assert_string_equal(mr_config_route_string(world->config, "a", "dlq.headers.error"), "error");
}

static void names_that_users_choose_may_hold_anything(void **state)
{
    struct world *world = *state;
    static const char pattern[] = "^or\"ders\\.[a-z]+\n$";
    struct mr_buf path = {0};
    mr_config_path_child(&path, "routes", pattern);
    assert_string_equal(mr_buf_text(&path), "routes[\"^or\\\"ders\\\\.[a-z]+\\010$\"]");
    mr_buf_string(&path, ".script");
    set(world, mr_buf_text(&path), "orders.lua");
    set(world, "routes[\"b\"].script", "b.lua");
    set(world, "routes[\"b\"].codec", "raw");
    assert_string_equal(mr_config_route_string(world->config, pattern, "script"), "orders.lua");
    assert_string_equal(seen_map(world, "routes"), "^or\"ders\\.[a-z]+\n$=;b=;");
    mr_buf_free(&path);
}

static void maps_give_names_in_order_with_their_values(void **state)
{
    struct world *world = *state;
    set(world, "kafka.properties[\"statistics.interval.ms\"]", "5000");
    set(world, "kafka.properties[\"fetch.wait.max.ms\"]", "100");
    assert_string_equal(seen_map(world, "kafka.properties"),
                        "fetch.wait.max.ms=100;statistics.interval.ms=5000;");
    mr_config_add_entry(world->config, "topics[\"empty\"]", "file");
    mr_config_add_entry(world->config, "topics", "file");
    set(world, "topics[\"full\"].partitions", "3");
    assert_string_equal(seen_map(world, "topics"), "empty=;full=;");
    assert_int_equal(mr_config_integer(world->config, "topics[\"full\"].partitions"), 3);
    assert_int_equal(mr_config_integer(world->config, "topics[\"empty\"].partitions"), 0);
}

static void every_type_says_what_it_expected(void **state)
{
    static const char *const cases[][3] = {
        {"routes[\"a-b\"].retry.max", "five", "an integer of 0 or more, got \"five\""},
        {"routes[\"a-b\"].retry.max", "-1", "an integer of 0 or more, got \"-1\""},
        {"routes[\"a-b\"].retry.max", "", "an integer of 0 or more, got \"\""},
        {"routes[\"a-b\"].retry.max", "99999999999999999999",
         "an integer of 0 or more, got \"99999999999999999999\""},
        {"defaults.concurrency", "0", "an integer from 1 to 65536, got \"0\""},
        {"defaults.concurrency", "1.5", "an integer from 1 to 65536, got \"1.5\""},
        {"defaults.retry.base", "1s", "an integer of 0 or more (milliseconds), got \"1s\""},
        {"kafka.brokers", "a:9092,me:hush@b:9092",
         "a list of HOST:PORT, got a text with a login in it"},
        {"rpc.timeout", "0", "an integer from 1 to 2147483647 (milliseconds), got \"0\""},
        {"defaults.retry.jitter", "2", "a number from 0 to 1, got \"2\""},
        {"defaults.retry.multiplier", "inf", "a number of 1 or more, got \"inf\""},
        {"defaults.retry.multiplier", "0x10", "a number of 1 or more, got \"0x10\""},
        {"create_topics", "yes", "true or false, got \"yes\""},
        {"log.level", "loud", "one of \"debug\", \"info\", \"warn\", \"error\", got \"loud\""},
        {"log.level", "debug|info",
         "one of \"debug\", \"info\", \"warn\", \"error\", got \"debug|info\""},
        {"log.format", "", "one of \"json\", \"text\", got \"\""},
        {"defaults.budget.memory", "1KB",
         "a size such as \"256MB\", 1048576 bytes or more, got \"1KB\""},
        {"defaults.budget.memory", "99999999999GB",
         "a size such as \"256MB\", 1048576 bytes or more, got \"99999999999GB\""},
        {"defaults.budget.memory", "much",
         "a size such as \"256MB\", 1048576 bytes or more, got \"much\""},
        {"workers", "many", "\"auto\" or an integer from 1 to 1024, got \"many\""},
        {"workers", "0", "\"auto\" or an integer from 1 to 1024, got \"0\""},
        {"admin.listen", "8080", "HOST:PORT, got \"8080\""},
        {"admin.listen", ":8080", "HOST:PORT, got \":8080\""},
        {"admin.listen", "::1:8080", "HOST:PORT, got \"::1:8080\""},
        {"admin.listen", "localhost:65536", "HOST:PORT, got \"localhost:65536\""},
        {"kafka.brokers", "", "a list of HOST:PORT, got \"\""},
        {"kafka.brokers", "a:9092,,b", "a list of HOST:PORT, got \"a:9092,,b\""},
        {"kafka.brokers", "a:port", "a list of HOST:PORT, got \"a:port\""},
        {"kafka.group_id", "", "a string that is not empty, got \"\""},
        {"service", "1st", "a letter, then letters, digits, \".\", \"_\" or \"-\", got \"1st\""},
        {"routes[\"a-b\"].script", "../x.lua",
         "the name of a .lua file in the scripts folder, got \"../x.lua\""},
        {"routes[\"a-b\"].script", "x", "the name of a .lua file in the scripts folder, got \"x\""},
        {"kafka.sasl.mechanism", "gssapi",
         "one of \"plain\", \"scram-sha-256\", \"scram-sha-512\", got \"gssapi\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mr_buf wanted = {0};
        mr_buf_printf(&wanted, "file: %s: expected %s\n", cases[i][0], cases[i][2]);
        assert_string_equal(refusal(*state, cases[i][0], cases[i][1]), mr_buf_text(&wanted));
        mr_buf_free(&wanted);
    }
}

static void a_topic_name_keeps_kafkas_rule(void **state)
{
    static const char *const bad[] = {"a b", "", "..", "{base}/dlq", "{bas}-dlq"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_non_null(strstr(refusal(*state, "defaults.dlq.topic", bad[i]), "expected a topic"));
    assert_non_null(
        strstr(refusal(*state, "rpc.response_topics", "a,b c"), "a list of topic names"));
    assert_string_equal(refusal(*state, "rpc.response_topics", "a, b"), "");
    assert_string_equal(refusal(*state, "defaults.dlq.topic", "{topic}.{base}.dead"), "");
    assert_string_equal(seen_list(*state, "rpc.response_topics"), "=a;=b;");
}

static void texts_are_kept_in_one_form(void **state)
{
    static const char *const cases[][3] = {
        {"kafka.sasl.mechanism", "SCRAM-SHA-512", "scram-sha-512"},
        {"kafka.brokers", " a:1 , [::1]:2,SSL://c:3,d ", "a:1,[::1]:2,SSL://c:3,d"},
        {"log.level", "WARN", "warn"},
        {"create_topics", "0", "false"},
        {"rpc.drop_expired", "True", "true"},
        {"defaults.budget.memory", "64mb", "67108864"},
        {"defaults.concurrency", "007", "7"},
        {"workers", "AUTO", "auto"},
        {"admin.listen", "[::1]:0", "[::1]:0"},
        {"topics[\"t\"].retention_hours", "-1", "-1"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_string_equal(refusal(world, cases[i][0], cases[i][1]), "");
        assert_string_equal(mr_config_string(world->config, cases[i][0]), cases[i][2]);
    }
}

static void a_value_of_another_type_is_refused(void **state)
{
    struct world *world = *state;
    struct mr_config_value number = {.given = MR_GIVEN_NUMBER, .number = 3.5};
    struct mr_config_value nan = {.given = MR_GIVEN_NUMBER, .number = __builtin_nan("")};
    struct mr_config_value truth = {.given = MR_GIVEN_BOOLEAN, .boolean = true};
    struct mr_config_value list = {.given = MR_GIVEN_LIST, .text = "a,b"};
    struct mr_config_value table = {.given = MR_GIVEN_OTHER, .text = "table"};
    assert_string_equal(refused_value(world, "defaults.retry.max", number),
                        "file: defaults.retry.max: expected an integer of 0 or more, got 3.5\n");
    assert_string_equal(refused_value(world, "defaults.retry.max", nan),
                        "file: defaults.retry.max: expected an integer of 0 or more, got NaN\n");
    assert_string_equal(refused_value(world, "defaults.retry.max", truth),
                        "file: defaults.retry.max: expected an integer of 0 or more, got true\n");
    assert_string_equal(refused_value(world, "defaults.retry.max", list),
                        "file: defaults.retry.max: expected an integer of 0 or more, got a list\n");
    assert_string_equal(refused_value(world, "service", table),
                        "file: service: expected a letter, then letters, digits, \".\", \"_\" or "
                        "\"-\", got a table\n");
    assert_string_equal(refused_value(world, "create_topics", number),
                        "file: create_topics: expected true or false, got 3.5\n");
    assert_string_equal(refused_value(world, "kafka", number),
                        "file: kafka: expected a table, got 3.5\n");
    assert_string_equal(refused_value(world, "routes[\"x\"]", truth),
                        "file: routes[\"x\"]: expected a table, got true\n");
}

static void a_number_is_kept_as_it_was_written(void **state)
{
    struct world *world = *state;
    struct mr_config_value jitter = {.given = MR_GIVEN_NUMBER, .number = 0.3};
    struct mr_config_value large = {.given = MR_GIVEN_NUMBER, .number = 1e6};
    struct mr_config_value truth = {.given = MR_GIVEN_BOOLEAN, .boolean = true};
    assert_string_equal(refused_value(world, "defaults.retry.jitter", jitter), "");
    assert_string_equal(refused_value(world, "kafka.properties[\"a\"]", large), "");
    assert_string_equal(refused_value(world, "kafka.properties[\"b\"]", truth), "");
    assert_string_equal(mr_config_string(world->config, "defaults.retry.jitter"), "0.3");
    assert_string_equal(seen_map(world, "kafka.properties"), "a=1000000;b=true;");
}

static void a_secret_is_not_shown_in_errors(void **state)
{
    struct mr_config_value number = {.given = MR_GIVEN_NUMBER, .number = 12345};
    assert_string_equal(refused_value(*state, "kafka.sasl.password", number),
                        "file: kafka.sasl.password: expected a string, got another value\n");
}

static void a_long_value_is_cut_in_errors(void **state)
{
    char text[400];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    const char *said = refusal(*state, "log.level", text);
    assert_true(strlen(said) < 200);
    assert_non_null(strstr(said, "xxx\"..."));
}

static void an_empty_string_is_as_good_as_unset(void **state)
{
    struct world *world = *state;
    set(world, "kafka.sasl.username", "");
    assert_int_equal(world->errors.count, 0);
    assert_false(mr_config_is_set(world->config, "kafka.sasl.username"));
}

static void an_unknown_key_names_the_nearest(void **state)
{
    static const char *const cases[][2] = {
        {"kafka.broker", " (did you mean kafka.brokers?)"},
        {"kafak", " (did you mean kafka?)"},
        {"brokers", " (did you mean kafka.brokers?)"},
        {"kafka[\"client-id\"]", " (did you mean kafka.client_id?)"},
        {"routes[\"a.b\"].retry.mx", " (did you mean routes[\"a.b\"].retry.max?)"},
        {"routes[\"a.b\"].max", " (did you mean routes[\"a.b\"].retry.max?)"},
        {"route", " (did you mean routes?)"},
        {"log.levle", " (did you mean log.level?)"},
        {"defaults.dlq.headers[\"total-retry\"]",
         " (did you mean defaults.dlq.headers[\"total-retries\"]?)"},
        {"entirely_different", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mr_buf wanted = {0};
        mr_buf_printf(&wanted, "file: %s: unknown key%s\n", cases[i][0], cases[i][1]);
        assert_string_equal(refusal(*state, cases[i][0], "1"), mr_buf_text(&wanted));
        mr_buf_free(&wanted);
    }
}

static void paths_lead_to_keys_lists_tables_and_maps(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum mr_config_path kind;
    } cases[] = {
        {"", MR_PATH_TABLE},
        {"kafka", MR_PATH_TABLE},
        {"kafka.brokers", MR_PATH_LIST},
        {"kafka.client_id", MR_PATH_KEY},
        {"kafka.client", MR_PATH_UNKNOWN},
        {"kafka.properties", MR_PATH_MAP},
        {"kafka.properties[\"x\"]", MR_PATH_KEY},
        {"kafka.properties.x", MR_PATH_UNKNOWN},
        {"routes", MR_PATH_MAP},
        {"routes[\"x\\\"y\"]", MR_PATH_TABLE},
        {"routes[\"x\"].retry", MR_PATH_TABLE},
        {"routes[\"x\"].retry.max", MR_PATH_KEY},
        {"routes[\"x\"].retry.max.more", MR_PATH_UNKNOWN},
        {"routes[\"x", MR_PATH_UNKNOWN},
        {"routes[\"x\\", MR_PATH_UNKNOWN},
        {"defaults.dlq.headers", MR_PATH_TABLE},
        {"defaults.dlq.headers.error", MR_PATH_KEY},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(mr_config_path_kind(cases[i].path), cases[i].kind);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_key_of_the_table_is_sound),
        TEST(every_default_is_valid_for_its_key),
        TEST(nothing_set_reads_as_the_defaults),
        TEST(what_is_set_first_stays),
        TEST(the_group_is_the_client_is_the_service),
        TEST(a_route_inherits_what_it_does_not_set),
        TEST(names_that_users_choose_may_hold_anything),
        TEST(maps_give_names_in_order_with_their_values),
        TEST(every_type_says_what_it_expected),
        TEST(a_topic_name_keeps_kafkas_rule),
        TEST(texts_are_kept_in_one_form),
        TEST(a_value_of_another_type_is_refused),
        TEST(a_number_is_kept_as_it_was_written),
        TEST(a_secret_is_not_shown_in_errors),
        TEST(a_long_value_is_cut_in_errors),
        TEST(an_empty_string_is_as_good_as_unset),
        TEST(an_unknown_key_names_the_nearest),
        TEST(paths_lead_to_keys_lists_tables_and_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
