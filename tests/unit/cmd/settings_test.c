#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/dev_settings.h"
#include "cmd/settings.h"

/* The folder that the test runs in, and the one where it began. */
struct world {
    char folder[64];
    char *home;
    struct mr_errors errors;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    strcpy(world->folder, "/tmp/mr_settings_test_XXXXXX");
    world->home = getcwd(NULL, 0);
    *state = world;
    if (mkdtemp(world->folder) == NULL || chdir(world->folder) != 0)
        return -1;
    return mkdir("scripts", 0755) | mkdir("config", 0755);
}

static int delete_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info, (void)kind, (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    struct world *world = *state;
    int result = chdir(world->home);
    nftw(world->folder, delete_one, 8, FTW_DEPTH | FTW_PHYS);
    mr_errors_free(&world->errors);
    free(world->home);
    free(world);
    return result;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void nothing_is_needed(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {0};
    put("scripts/echo.lua", "");
    struct mr_snapshot *snapshot = mr_settings_snapshot(&settings, 1, &world->errors);
    assert_string_equal(mr_errors_text(&world->errors), "");
    assert_string_equal(mr_config_string(snapshot->config, "service"), "moonroute");
    assert_string_equal(snapshot->files[0].place, "scripts/echo.lua");
    mr_snapshot_free(snapshot);
}

static void the_command_line_goes_before_the_environment_before_the_file(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {.workers = "1"};
    put("config/moonroute.lua",
        "return { workers = 3, service = 'file', log = { level = 'warn' } }");
    setenv("MOONROUTE_WORKERS", "2", 1);
    setenv("MOONROUTE_SERVICE", "environment", 1);
    struct mr_config *config = mr_settings_config(&settings, &world->errors);
    unsetenv("MOONROUTE_WORKERS");
    unsetenv("MOONROUTE_SERVICE");
    assert_string_equal(mr_errors_text(&world->errors), "");
    assert_int_equal(mr_config_integer(config, "workers"), 1);
    assert_string_equal(mr_config_string(config, "service"), "environment");
    assert_string_equal(mr_config_string(config, "log.level"), "warn");
    mr_config_free(config);
}

static void every_option_sets_its_key(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {.scripts = "s",
                                   .brokers = "b:1",
                                   .workers = "2",
                                   .admin = "h:3",
                                   .log_level = "error",
                                   .log_format = "text"};
    struct mr_config *config = mr_settings_config(&settings, &world->errors);
    assert_string_equal(mr_config_string(config, "scripts"), "s");
    assert_string_equal(mr_config_string(config, "kafka.brokers"), "b:1");
    assert_string_equal(mr_config_string(config, "workers"), "2");
    assert_string_equal(mr_config_string(config, "admin.listen"), "h:3");
    assert_string_equal(mr_config_string(config, "log.level"), "error");
    assert_string_equal(mr_config_string(config, "log.format"), "text");
    mr_config_free(config);
}

static void a_file_that_was_named_must_be_there(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {.config_file = "other.lua"};
    put("config/moonroute.lua", "error('not this one')");
    assert_null(mr_settings_snapshot(&settings, 1, &world->errors));
    assert_string_equal(mr_errors_text(&world->errors),
                        "other.lua: cannot read it: No such file or directory\n");
}

static void assert_unreadable(struct world *world, struct mr_settings *settings)
{
    mr_errors_free(&world->errors);
    assert_null(mr_settings_snapshot(settings, 1, &world->errors));
    assert_string_equal(mr_errors_text(&world->errors),
                        "config/moonroute.lua: cannot read it: No such file or directory\n");
}

static void links_that_lead_nowhere_are_not_passed_over(void **state)
{
    struct mr_settings settings = {0};
    put("scripts/echo.lua", "");
    assert_int_equal(symlink("nowhere", "config/moonroute.lua"), 0);
    assert_unreadable(*state, &settings);
    assert_int_equal(unlink("config/moonroute.lua") | rmdir("config"), 0);
    assert_int_equal(symlink("nowhere", "config"), 0);
    assert_unreadable(*state, &settings);
}

static void a_folder_that_may_not_be_looked_into_is_not_passed_over(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {0};
    if (geteuid() == 0)
        skip(); /* root may look into any folder */
    put("scripts/echo.lua", "");
    assert_int_equal(chmod("config", 0), 0);
    assert_null(mr_settings_snapshot(&settings, 1, &world->errors));
    assert_int_equal(chmod("config", 0755), 0);
    assert_string_equal(mr_errors_text(&world->errors),
                        "config/moonroute.lua: cannot read it: Permission denied\n");
}

static void a_file_that_is_in_use_must_still_be_there(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {0};
    put("scripts/echo.lua", "");
    for (int i = 0; i < 2; i++) { /* at first there is none */
        mr_snapshot_free(mr_settings_snapshot(&settings, 1, &world->errors));
        assert_string_equal(mr_errors_text(&world->errors), "");
        put("config/moonroute.lua", "return {}");
    }
    mr_snapshot_free(mr_settings_snapshot(&settings, 2, &world->errors));
    mr_settings_accepted(&settings);
    assert_string_equal(mr_errors_text(&world->errors), "");
    unlink("config/moonroute.lua");
    assert_unreadable(world, &settings);
}

/* The workers refused it, so the router goes on without a file. */
static void a_file_of_a_refused_snapshot_may_go(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {0};
    put("scripts/echo.lua", "");
    mr_snapshot_free(mr_settings_snapshot(&settings, 1, &world->errors));
    mr_settings_accepted(&settings);
    put("config/moonroute.lua", "return {}");
    mr_snapshot_free(mr_settings_snapshot(&settings, 2, &world->errors));
    unlink("config/moonroute.lua");
    mr_snapshot_free(mr_settings_snapshot(&settings, 3, &world->errors));
    assert_string_equal(mr_errors_text(&world->errors), "");
}

static void properties_that_librdkafka_does_not_take_are_told_with_their_place(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {0};
    put("config/moonroute.lua",
        "return { workers = 'x', kafka = { properties = { ['no.such.thing'] = 1,"
        " ['group.id'] = 'x', ['session.timeout.ms'] = 9000 } } }");
    struct mr_config *config = mr_settings_config(&settings, &world->errors);
    const char *told = mr_errors_text(&world->errors);
    assert_non_null(strstr(told, "config/moonroute.lua: workers: expected"));
    assert_non_null(strstr(told,
                           "config/moonroute.lua: kafka.properties[\"no.such.thing\"]: No such "
                           "configuration property: \"no.such.thing\"\n"));
    assert_non_null(strstr(told, "config/moonroute.lua: kafka.properties[\"group.id\"]: cannot be "
                                 "set: use kafka.group_id"));
    assert_int_equal(world->errors.count, 3);
    mr_config_free(config);
}

static void complete(void *context, struct mr_config *config, struct mr_errors *errors)
{
    mr_dev_settings(config, context, errors);
}

static void the_broker_of_dev_needs_no_login_whatever_is_set(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {.complete = complete, .context = (char[]){"127.0.0.1:7"}};
    put("config/moonroute.lua",
        "return { kafka = { tls = { ca = 'ca.pem' }, group_instance_id = 'me', properties = {"
        " ['security.protocol'] = 'ssl', ['ssl.cipher.suites'] = 'x', acks = 'all',"
        " ['fetch.wait.max.ms'] = 20 } } }");
    setenv("KAFKA_SASL_PASSWORD", "without a username", 1);
    struct mr_config *config = mr_settings_config(&settings, &world->errors);
    unsetenv("KAFKA_SASL_PASSWORD");
    assert_string_equal(mr_errors_text(&world->errors), "");
    assert_string_equal(mr_config_string(config, "kafka.brokers"), "127.0.0.1:7");
    assert_string_equal(mr_config_string(config, "kafka.group_instance_id"), "");
    assert_false(mr_config_is_set(config, "kafka.tls.ca"));
    assert_false(mr_config_is_set(config, "kafka.sasl.password"));
    assert_false(mr_config_is_set(config, "kafka.properties[\"security.protocol\"]"));
    assert_false(mr_config_is_set(config, "kafka.properties[\"ssl.cipher.suites\"]"));
    assert_string_equal(mr_config_string(config, "kafka.properties[\"fetch.wait.max.ms\"]"), "20");
    assert_true(mr_config_is_set(config, "kafka.properties[\"acks\"]"));
    mr_config_free(config);
}

static void a_file_that_hangs_in_c_is_an_error(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {0};
    put("config/moonroute.lua", "local s = ('a'):rep(3e5):find(('a*'):rep(12) .. 'b') return {}");
    assert_null(mr_settings_snapshot(&settings, 1, &world->errors));
    assert_string_equal(mr_errors_text(&world->errors),
                        "config/moonroute.lua: the configuration does not come to an end within "
                        "5000 ms\n");
}

static void errors_of_every_source_are_told_at_once(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {.workers = "none"};
    put("config/moonroute.lua", "return { serivce = 'x', routes = { ['^a'] = {} } }");
    setenv("KAFKA_BROKERS", "a b", 1);
    struct mr_config *config = mr_settings_config(&settings, &world->errors);
    unsetenv("KAFKA_BROKERS");
    assert_string_equal(
        mr_errors_text(&world->errors),
        "--workers: workers: expected \"auto\" or an integer from 1 to 1024, got \"none\"\n"
        "KAFKA_BROKERS: kafka.brokers: expected a list of HOST:PORT, got \"a b\"\n"
        "config/moonroute.lua: serivce: unknown key (did you mean service?)\n"
        "config/moonroute.lua: routes[\"^a\"]: a pattern needs `script`, the handler's file\n");
    mr_config_free(config);
}

/* Asserts the errors of a file that has the password in a wrong place. */
static void assert_hidden(struct world *world, const char *file, const char *told)
{
    struct mr_settings settings = {0};
    put("scripts/echo.lua", "");
    put("config/moonroute.lua", file);
    mr_errors_free(&world->errors);
    assert_null(mr_settings_snapshot(&settings, 1, &world->errors));
    assert_string_equal(mr_errors_text(&world->errors), told);
}

static void a_password_in_a_wrong_place_is_not_shown(void **state)
{
    setenv("KAFKA_SASL_USERNAME", "me", 1);
    setenv("KAFKA_SASL_PASSWORD", "hunter\"2", 1);
    assert_hidden(*state, "return { workers = env 'KAFKA_SASL_PASSWORD' .. '!' }",
                  "config/moonroute.lua: workers: expected \"auto\" or an integer from 1 to 1024, "
                  "got \"[hidden]!\"\n");
    assert_hidden(*state, "error('no ' .. env 'KAFKA_SASL_PASSWORD')",
                  "config/moonroute.lua:1: no [hidden]\n");
    assert_hidden(
        *state, "return { kafka = { properties = { debug = env 'KAFKA_SASL_PASSWORD' } } }",
        "config/moonroute.lua: kafka.properties[\"debug\"]: Invalid value \"[hidden]\" for "
        "configuration property \"debug\"\n");
    assert_hidden(*state, "return { scripts = env 'KAFKA_SASL_PASSWORD' }",
                  "[hidden]: no such folder: create it or pass --scripts DIR\n");
    setenv("MOONROUTE_WORKERS", "hunter\"2", 1);
    assert_hidden(*state, "return {}",
                  "MOONROUTE_WORKERS: workers: expected \"auto\" or an integer from 1 to 1024, "
                  "got \"[hidden]\"\n");
    unsetenv("MOONROUTE_WORKERS");
    setenv("KAFKA_SASL_PASSWORD", "4711", 1);
    assert_hidden(*state, "return { workers = tonumber(env 'KAFKA_SASL_PASSWORD') }",
                  "config/moonroute.lua: workers: expected \"auto\" or an integer from 1 to 1024, "
                  "got [hidden]\n");
    unsetenv("KAFKA_SASL_PASSWORD");
    unsetenv("KAFKA_SASL_USERNAME");
}

static void a_missing_scripts_folder_says_what_to_do(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {.scripts = "nowhere/"};
    assert_null(mr_settings_snapshot(&settings, 1, &world->errors));
    assert_string_equal(mr_errors_text(&world->errors),
                        "nowhere: no such folder: create it or pass --scripts DIR\n");
}

static void a_folder_without_scripts_is_an_error(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {0};
    assert_null(mr_settings_snapshot(&settings, 1, &world->errors));
    assert_string_equal(mr_errors_text(&world->errors),
                        "scripts: no handler scripts (*.lua) here\n");
}

static void errors_from_before_do_not_count(void **state)
{
    struct world *world = *state;
    struct mr_settings settings = {0};
    put("scripts/echo.lua", "");
    mr_errors_add(&world->errors, "of somebody else");
    struct mr_snapshot *snapshot = mr_settings_snapshot(&settings, 1, &world->errors);
    assert_non_null(snapshot);
    mr_snapshot_free(snapshot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_needed),
        TEST(the_command_line_goes_before_the_environment_before_the_file),
        TEST(every_option_sets_its_key),
        TEST(a_file_that_was_named_must_be_there),
        TEST(links_that_lead_nowhere_are_not_passed_over),
        TEST(a_folder_that_may_not_be_looked_into_is_not_passed_over),
        TEST(a_file_that_is_in_use_must_still_be_there),
        TEST(a_file_of_a_refused_snapshot_may_go),
        TEST(properties_that_librdkafka_does_not_take_are_told_with_their_place),
        TEST(the_broker_of_dev_needs_no_login_whatever_is_set),
        TEST(a_file_that_hangs_in_c_is_an_error),
        TEST(errors_of_every_source_are_told_at_once),
        TEST(a_password_in_a_wrong_place_is_not_shown),
        TEST(a_missing_scripts_folder_says_what_to_do),
        TEST(a_folder_without_scripts_is_an_error),
        TEST(errors_from_before_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
