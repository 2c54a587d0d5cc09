#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"

struct world {
    struct mr_config *config;
    struct mr_config *other;
    struct mr_errors errors;
    struct mr_buf seen;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->config = mr_config_new();
    world->other = mr_config_new();
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_config_free(world->config);
    mr_config_free(world->other);
    mr_errors_free(&world->errors);
    mr_buf_free(&world->seen);
    free(world);
    return 0;
}

static void set(struct world *world, struct mr_config *config, const char *path, const char *text)
{
    mr_config_set_text(config, path, text, "file", &world->errors);
    assert_int_equal(world->errors.count, 0);
}

static const char *check(struct world *world)
{
    mr_config_check(world->config, "whole", &world->errors);
    return mr_errors_text(&world->errors);
}

static void see(void *context, const char *name, const char *value)
{
    mr_buf_printf(context, "%s=%s;", name, value);
}

static void half_a_login_is_an_error(void **state)
{
    struct world *world = *state;
    set(world, world->config, "kafka.sasl.username", "me");
    set(world, world->config, "kafka.tls.key", "client.key");
    assert_string_equal(check(world), "file: kafka.sasl.username: set without kafka.sasl.password\n"
                                      "file: kafka.tls.key: set without kafka.tls.certificate\n");
}

static void a_mechanism_alone_is_none(void **state)
{
    struct world *world = *state;
    set(world, world->config, "kafka.sasl.mechanism", "plain");
    assert_string_equal(check(world), "");
}

static void a_pattern_must_be_one_and_name_its_script(void **state)
{
    struct world *world = *state;
    mr_config_add_entry(world->config, "routes[\"^a(\"]", "file");
    set(world, world->config, "routes[\"^b+$\"].script", "b.lua");
    const char *said = check(world);
    assert_non_null(
        strstr(said, "file: routes[\"^a(\"]: not a POSIX extended regular expression: "));
    assert_non_null(
        strstr(said, "file: routes[\"^a(\"]: a pattern needs `script`, the handler's file\n"));
    assert_int_equal(world->errors.count, 2);
}

static void names_of_topics_are_checked(void **state)
{
    struct world *world = *state;
    set(world, world->config, "routes[\"a b\"].codec", "raw");
    set(world, world->config, "topics[\"..\"].partitions", "3");
    assert_string_equal(check(world),
                        "file: routes[\"a b\"]: not a topic name (1 to 249 of letters, "
                        "digits, \".\", \"_\" and \"-\")\n"
                        "file: topics[\"..\"]: not a topic name (1 to 249 of letters, "
                        "digits, \".\", \"_\" and \"-\")\n");
}

static void a_member_s_name_is_no_longer_than_a_host_s(void **state)
{
    struct world *world = *state;
    char name[202];
    memset(name, 'x', sizeof(name));
    name[200] = '\0';
    set(world, world->other, "kafka.group_instance_id", name);
    mr_config_check(world->other, "whole", &world->errors);
    assert_int_equal(world->errors.count, 0);
    name[200] = 'x';
    name[201] = '\0';
    set(world, world->config, "kafka.group_instance_id", name);
    assert_string_equal(check(world), "file: kafka.group_instance_id: longer than 200 bytes\n");
}

static void delays_that_contradict_each_other_are_told_once(void **state)
{
    struct world *world = *state;
    set(world, world->config, "defaults.retry.base", "50000");
    set(world, world->config, "routes[\"a\"].codec", "raw");
    set(world, world->config, "routes[\"b\"].retry.cap", "7");
    assert_string_equal(check(world),
                        "file: defaults.retry: base (50000) is more than cap (30000)\n"
                        "file: routes[\"b\"].retry: base (50000) is more than cap (7)\n");
}

static void what_comes_later_is_named_where_it_was_set(void **state)
{
    struct world *world = *state;
    set(world, world->config, "routes[\"b\"].dialect", "plain");
    set(world, world->config, "routes[\"a\"].schema", "a.json");
    set(world, world->config, "service", "x");
    mr_config_pending(world->config, see, &world->seen);
    assert_string_equal(mr_buf_text(&world->seen), "routes[\"a\"].schema=a.json;");
}

static void differences_that_need_a_restart_are_named_once(void **state)
{
    struct world *world = *state;
    set(world, world->config, "workers", "2");
    set(world, world->config, "kafka.properties[\"a\"]", "1");
    set(world, world->config, "kafka.properties[\"b\"]", "1");
    set(world, world->config, "kafka.properties[\"c\"]", "1");
    set(world, world->config, "rpc.timeout", "1");
    set(world, world->other, "kafka.properties[\"b\"]", "2");
    set(world, world->other, "kafka.properties[\"c\"]", "1");
    set(world, world->other, "kafka.properties[\"d\"]", "1");
    set(world, world->other, "kafka.brokers", "localhost:9092");
    mr_config_restart_differences(world->config, world->other, see, &world->seen);
    assert_string_equal(mr_buf_text(&world->seen),
                        "workers=;kafka.properties[\"a\"]=;kafka.properties[\"b\"]=;"
                        "kafka.properties[\"d\"]=;");
}

static struct mr_buf encoded(struct world *world)
{
    char variable[] = "IS_DOCKER=1";
    char *const environment[] = {variable, NULL};
    struct mr_buf bytes = {0};
    mr_config_environment(world->config, environment, &world->errors);
    set(world, world->config, "workers", "2");
    set(world, world->config, "defaults.budget.memory", "1GB");
    set(world, world->config, "kafka.properties[\"x\\\"y\"]", "1");
    mr_config_add_entry(world->config, "routes[\"empty\"]", "file");
    mr_config_encode(world->config, &bytes);
    return bytes;
}

static void a_configuration_arrives_as_it_was_sent(void **state)
{
    struct world *world = *state;
    struct mr_buf bytes = encoded(world);
    struct mr_config *arrived = mr_config_decode((struct mr_bytes){bytes.data, bytes.length});
    assert_non_null(arrived);
    assert_int_equal(mr_config_integer(arrived, "workers"), 2);
    assert_int_equal(mr_config_integer(arrived, "defaults.budget.memory"), 1 << 30);
    assert_string_equal(mr_config_string(arrived, "kafka.brokers"), "kafka:9092");
    mr_config_map(arrived, "kafka.properties", see, &world->seen);
    mr_config_map(arrived, "routes", see, &world->seen);
    assert_string_equal(mr_buf_text(&world->seen), "x\"y=1;empty=;");
    mr_config_free(arrived);
    mr_buf_free(&bytes);
}

/* Exactly as large as the bytes, so that the sanitizers see a read behind them. */
static void decode_copy(const char *bytes, size_t length)
{
    char *copy = malloc(length ? length : 1);
    memcpy(copy, bytes, length);
    mr_config_free(mr_config_decode((struct mr_bytes){copy, length}));
    free(copy);
}

static void malformed_bytes_are_no_configuration(void **state)
{
    struct mr_buf bytes = encoded(*state);
    for (size_t length = 0; length < bytes.length; length++)
        assert_null(mr_config_decode((struct mr_bytes){bytes.data, length}));
    mr_buf_append(&bytes, "x", 1);
    assert_null(mr_config_decode((struct mr_bytes){bytes.data, bytes.length}));
    unsigned seed = 1;
    for (size_t round = 0; round < 20000; round++) {
        size_t at = (size_t)rand_r(&seed) % bytes.length;
        char before = bytes.data[at];
        bytes.data[at] = (char)rand_r(&seed);
        decode_copy(bytes.data, bytes.length - round % 2);
        bytes.data[at] = before;
    }
    mr_buf_free(&bytes);
}

static void what_is_no_key_or_no_value_of_it_is_no_configuration(void **state)
{
    (void)state;
    static const struct {
        struct mr_bytes path, text;
    } cases[] = {
        {MR_BYTES("nothing"), MR_BYTES("1")},   {MR_BYTES("workers"), MR_BYTES("many")},
        {MR_BYTES("workers"), MR_BYTES("2\0")}, {MR_BYTES("routes[\"x\"]"), MR_BYTES("1")},
        {MR_BYTES("workers\0"), MR_BYTES("2")},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mr_buf bytes = {0};
        mr_buf_put_u64(&bytes, 0);
        mr_buf_put_u64(&bytes, 1);
        mr_buf_put_bytes(&bytes, cases[i].path.data, cases[i].path.length);
        mr_buf_put_bytes(&bytes, cases[i].text.data, cases[i].text.length);
        assert_null(mr_config_decode((struct mr_bytes){bytes.data, bytes.length}));
        mr_buf_free(&bytes);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(half_a_login_is_an_error),
        TEST(a_mechanism_alone_is_none),
        TEST(a_pattern_must_be_one_and_name_its_script),
        TEST(names_of_topics_are_checked),
        TEST(a_member_s_name_is_no_longer_than_a_host_s),
        TEST(delays_that_contradict_each_other_are_told_once),
        TEST(what_comes_later_is_named_where_it_was_set),
        TEST(differences_that_need_a_restart_are_named_once),
        TEST(a_configuration_arrives_as_it_was_sent),
        TEST(malformed_bytes_are_no_configuration),
        TEST(what_is_no_key_or_no_value_of_it_is_no_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
