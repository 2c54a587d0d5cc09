#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/keys.h"

struct world {
    struct mr_config *config;
    struct mr_errors errors;
    char file[64]; /* holds a secret */
    char variable[128];
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->config = mr_config_new();
    strcpy(world->file, "/tmp/mr_config_test_XXXXXX");
    int fd = mkstemp(world->file);
    if (fd < 0 || write(fd, "hush\n\n", 6) != 6)
        return -1;
    close(fd);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    unlink(world->file);
    mr_config_free(world->config);
    mr_errors_free(&world->errors);
    free(world);
    return 0;
}

/* Takes up to three variables; what is said about them. */
static const char *take(struct world *world, const char *a, const char *b, const char *c)
{
    char *environment[] = {strdup(a ? a : ""), strdup(b ? b : ""), strdup(c ? c : ""), NULL};
    mr_errors_free(&world->errors);
    mr_config_environment(world->config, environment, &world->errors);
    for (size_t i = 0; i < 3; i++)
        free(environment[i]);
    return mr_errors_text(&world->errors);
}

static const char *from_file(struct world *world, const char *name, const char *file)
{
    snprintf(world->variable, sizeof(world->variable), "%s=%s", name, file);
    return world->variable;
}

static void keys_have_names_of_their_own(void **state)
{
    (void)state;
    struct mr_buf all = {0};
    size_t count = 0;
    mr_buf_string(&all, "\n");
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++) {
        struct mr_buf line = {0};
        mr_buf_string(&line, "\n");
        if (mr_config_key_variable(key, &line)) {
            mr_buf_string(&line, "\n");
            assert_null(strstr(all.data, line.data));
            mr_buf_string(&all, line.data + 1);
            line.length--; /* nor may the file of one be another */
            mr_buf_string(&line, "_FILE\n");
            assert_null(strstr(all.data, line.data));
            count++;
        }
        mr_buf_free(&line);
    }
    assert_true(count > 40);
    assert_non_null(strstr(all.data, "\nMOONROUTE_ADMIN_LISTEN\n"));
    assert_non_null(strstr(all.data, "\nMOONROUTE_DEFAULTS_RETRY_MAX\n"));
    assert_non_null(strstr(all.data, "\nMOONROUTE_DEFAULTS_DLQ_HEADERS_TOTAL_RETRIES\n"));
    assert_non_null(strstr(all.data, "\nMOONROUTE_LOG_FILE\n"));
    mr_buf_free(&all);
}

static void variables_set_their_keys(void **state)
{
    struct world *world = *state;
    const char *said = take(world, "KAFKA_BROKERS=a:1,b:2", "MOONROUTE_RPC_TIMEOUT=5",
                            "MOONROUTE_LOG_FILE=/tmp/log");
    assert_string_equal(said, "");
    assert_string_equal(mr_config_string(world->config, "kafka.brokers"), "a:1,b:2");
    assert_string_equal(mr_config_origin(world->config, "kafka.brokers"), "KAFKA_BROKERS");
    assert_int_equal(mr_config_integer(world->config, "rpc.timeout"), 5);
    assert_string_equal(mr_config_string(world->config, "log.file"), "/tmp/log");
}

static void every_key_is_set_by_its_own_variable_alone(void **state)
{
    struct world *world = *state;
    for (const struct mr_config_key *key = mr_config_keys; key->path != NULL; key++) {
        struct mr_buf variable = {0};
        if (key->fallback != NULL && mr_config_key_variable(key, &variable)) {
            mr_buf_printf(&variable, "=%s", key->fallback);
            assert_string_equal(take(world, mr_buf_text(&variable), NULL, NULL), "");
            assert_true(mr_config_is_set(world->config, key->path));
        }
        mr_buf_free(&variable);
    }
}

static void what_the_command_line_set_stays(void **state)
{
    struct world *world = *state;
    mr_config_set_text(world->config, "workers", "2", "--workers", &world->errors);
    assert_string_equal(take(world, "MOONROUTE_WORKERS=3", NULL, NULL), "");
    assert_int_equal(mr_config_integer(world->config, "workers"), 2);
}

static void a_bad_value_names_the_variable_and_the_key(void **state)
{
    assert_string_equal(take(*state, "MOONROUTE_RPC_TIMEOUT=soon", NULL, NULL),
                        "MOONROUTE_RPC_TIMEOUT: rpc.timeout: expected an integer from 1 to "
                        "2147483647 (milliseconds), got \"soon\"\n");
}

static void an_empty_variable_counts_as_unset(void **state)
{
    struct world *world = *state;
    assert_string_equal(take(world, "KAFKA_GROUP_ID=", "MOONROUTE_RPC_TIMEOUT=", NULL), "");
    assert_false(mr_config_is_set(world->config, "kafka.group_id"));
    assert_false(mr_config_is_set(world->config, "rpc.timeout"));
}

static void a_secret_comes_from_a_file_less_one_newline(void **state)
{
    struct world *world = *state;
    assert_string_equal(take(world, from_file(world, "KAFKA_SASL_PASSWORD_FILE", world->file),
                             "KAFKA_SASL_PASSWORD=", NULL),
                        "");
    assert_string_equal(mr_config_string(world->config, "kafka.sasl.password"), "hush\n");
}

static void put(const struct world *world, const char *text)
{
    FILE *file = fopen(world->file, "w");
    fputs(text, file);
    fclose(file);
}

static void a_secret_s_file_may_have_line_ends_of_either_kind(void **state)
{
    static const char *const cases[][2] = {{"hush\r\n", "hush"},
                                           {"hush\n", "hush"},
                                           {"hush", "hush"},
                                           {"hush\r", "hush\r"},
                                           {"hush\r\n\r\n", "hush\r\n"}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mr_config_free(world->config);
        world->config = mr_config_new();
        put(world, cases[i][0]);
        take(world, from_file(world, "KAFKA_SASL_PASSWORD_FILE", world->file), NULL, NULL);
        assert_string_equal(mr_config_string(world->config, "kafka.sasl.password"), cases[i][1]);
    }
    put(world, "\r\n");
    take(world, from_file(world, "KAFKA_GROUP_ID_FILE", world->file), NULL, NULL);
    assert_false(mr_config_is_set(world->config, "kafka.group_id"));
}

static void a_bad_value_in_a_file_names_the_variable_that_was_set(void **state)
{
    struct world *world = *state;
    assert_string_equal(
        take(world, from_file(world, "MOONROUTE_RPC_TIMEOUT_FILE", world->file), NULL, NULL),
        "MOONROUTE_RPC_TIMEOUT_FILE: rpc.timeout: expected an integer from 1 to 2147483647 "
        "(milliseconds), got \"hush\\n\"\n");
    assert_string_equal(take(world, from_file(world, "IS_DOCKER_FILE", world->file), NULL, NULL),
                        "IS_DOCKER_FILE: expected true or false, got \"hush\n\"\n");
}

static void a_variable_and_its_file_are_one_too_many(void **state)
{
    struct world *world = *state;
    assert_string_equal(take(world, from_file(world, "KAFKA_SASL_PASSWORD_FILE", world->file),
                             "KAFKA_SASL_PASSWORD=secret", NULL),
                        "KAFKA_SASL_PASSWORD: set as well as KAFKA_SASL_PASSWORD_FILE: set one of "
                        "the two\n");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    assert_string_equal(take(*state, "KAFKA_SASL_PASSWORD_FILE=/nowhere/secret", NULL, NULL),
                        "KAFKA_SASL_PASSWORD_FILE: cannot read /nowhere/secret: No such file or "
                        "directory\n");
    assert_string_equal(take(*state, "KAFKA_GROUP_ID_FILE=/tmp", NULL, NULL),
                        "KAFKA_GROUP_ID_FILE: cannot read /tmp: Is a directory\n");
    assert_string_equal(take(*state, "KAFKA_GROUP_ID_FILE=/dev/zero", NULL, NULL),
                        "KAFKA_GROUP_ID_FILE: cannot read /dev/zero: File too large\n");
}

static void a_file_with_a_nul_byte_is_refused(void **state)
{
    struct world *world = *state;
    FILE *file = fopen(world->file, "w");
    fwrite("a\0b", 1, 3, file);
    fclose(file);
    assert_non_null(
        strstr(take(world, from_file(world, "KAFKA_GROUP_ID_FILE", world->file), NULL, NULL),
               "the file holds a NUL byte"));
}

static void an_empty_file_counts_as_unset(void **state)
{
    struct world *world = *state;
    assert_string_equal(take(world, "KAFKA_GROUP_ID_FILE=/dev/null", NULL, NULL), "");
    assert_false(mr_config_is_set(world->config, "kafka.group_id"));
}

static void a_container_has_another_default_broker(void **state)
{
    struct world *world = *state;
    assert_string_equal(take(world, "IS_DOCKER=TRUE", NULL, NULL), "");
    assert_string_equal(mr_config_string(world->config, "kafka.brokers"), "kafka:9092");
    assert_false(mr_config_is_set(world->config, "kafka.brokers"));
    assert_string_equal(take(world, "IS_DOCKER=0", NULL, NULL), "");
    assert_string_equal(mr_config_string(world->config, "kafka.brokers"), "localhost:9092");
    take(world, "IS_DOCKER=1", "KAFKA_BROKERS=b:1", NULL);
    assert_string_equal(mr_config_string(world->config, "kafka.brokers"), "b:1");
    assert_string_equal(take(world, "IS_DOCKER=maybe", NULL, NULL),
                        "IS_DOCKER: expected true or false, got \"maybe\"\n");
}

static void variables_of_a_service_called_moonroute_are_not_ours(void **state)
{
    assert_string_equal(take(*state, "MOONROUTE_SERVICE_HOST=10.0.0.1",
                             "MOONROUTE_ADMIN_SERVICE_PORT=8080",
                             "MOONROUTE_SERVICE_PORT_HTTP=8080"),
                        "");
    assert_string_equal(take(*state, "MOONROUTE_PORT=tcp://10.0.0.1:8080",
                             "MOONROUTE_PORT_8080_TCP=tcp://10.0.0.1:8080",
                             "MOONROUTE_PORT_8080_TCP_ADDR=10.0.0.1"),
                        "");
    assert_string_equal(take(*state, "MOONROUTE_PORT=8080", NULL, NULL),
                        "MOONROUTE_PORT: unknown variable\n");
}

static void an_unknown_variable_names_the_nearest(void **state)
{
    assert_string_equal(take(*state, "MOONROUTE_ADMIN_LISTN=x", NULL, NULL),
                        "MOONROUTE_ADMIN_LISTN: unknown variable (did you mean "
                        "MOONROUTE_ADMIN_LISTEN?)\n");
    assert_string_equal(
        take(*state, "MOONROUTE_KAFKA_BROKERS=x", NULL, NULL),
        "MOONROUTE_KAFKA_BROKERS: unknown variable (did you mean KAFKA_BROKERS?)\n");
    assert_string_equal(take(*state, "MOONROUTE_QQQ=x", "KAFKA_HEAP_OPTS=x", "PATH=/bin"),
                        "MOONROUTE_QQQ: unknown variable\n");
    assert_string_equal(take(*state, "MOONROUTE_ROUTES_X_CODEC=raw", NULL, NULL),
                        "MOONROUTE_ROUTES_X_CODEC: unknown variable\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keys_have_names_of_their_own),
        TEST(variables_set_their_keys),
        TEST(every_key_is_set_by_its_own_variable_alone),
        TEST(what_the_command_line_set_stays),
        TEST(a_bad_value_names_the_variable_and_the_key),
        TEST(an_empty_variable_counts_as_unset),
        TEST(a_secret_comes_from_a_file_less_one_newline),
        TEST(a_secret_s_file_may_have_line_ends_of_either_kind),
        TEST(a_bad_value_in_a_file_names_the_variable_that_was_set),
        TEST(a_variable_and_its_file_are_one_too_many),
        TEST(a_file_that_cannot_be_read_is_named),
        TEST(a_file_with_a_nul_byte_is_refused),
        TEST(an_empty_file_counts_as_unset),
        TEST(a_container_has_another_default_broker),
        TEST(variables_of_a_service_called_moonroute_are_not_ours),
        TEST(an_unknown_variable_names_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
