/* What is wrong with configuration, scripts and addresses ends `run` with a code that tells which,
 * and words that tell where. None of it needs a broker. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <sys/socket.h>

#include "harness/folder.h"
#include "harness/process.h"
#include "harness/test.h"
#include "lua/known_faults.h"

enum { DATA = 65, CONFIGURATION = 78 };

static const char good[] = "function handleMessage() return 1 end\n";

/* `moonroute run` with a mistake in its environment, configuration file (NULL: none), script or
 * options. */
static struct ended run(const struct folder *folder, const char *environment, const char *config,
                        const char *script, const char *admin)
{
    const char *const variables[] = {"KAFKA_BROKERS=127.0.0.1:1", environment, NULL};
    const char *const with[] = {"run",  "--scripts", "scripts",  "--admin",
                                admin,  "--workers", "2",        "--log-format",
                                "json", "--config",  "test.lua", NULL};
    const char *const without[] = {"run",       "--scripts", "scripts",      "--admin", admin,
                                   "--workers", "2",         "--log-format", "json",    NULL};
    folder_write(folder, "scripts/orders.lua", script);
    if (config != NULL)
        folder_write(folder, "test.lua", config);
    return process_run(folder, variables, config != NULL ? with : without);
}

static void assert_refused(const struct folder *folder, const char *environment, const char *config,
                           const char *first, const char *second)
{
    struct ended ended = run(folder, environment, config, good, "127.0.0.1:0");
    assert_contains(ended.err, first);
    assert_contains(ended.err, second);
    assert_int_equal(ended.code, CONFIGURATION);
    ended_free(&ended);
}

static void an_unknown_key_is_refused_and_the_nearest_one_named(void **state)
{
    assert_refused(*state, NULL, "return { kafka = { brokrs = { 'a:1' } } }\n", "test.lua",
                   "kafka.brokrs");
    assert_refused(*state, NULL, "return { kafka = { brokrs = { 'a:1' } } }\n", "kafka.brokrs",
                   "brokers");
    assert_refused(*state, NULL, "return { comit_interval = 5 }\n", "comit_interval",
                   "commit_interval");
}

static void a_wrong_value_is_told_with_its_place_what_is_expected_and_what_is_there(void **state)
{
    assert_refused(*state, NULL, "return { routes = { orders = { concurrency = 'five' } } }\n",
                   "test.lua: routes[\"orders\"].concurrency: expected", "got \"five\"");
}

static void all_mistakes_are_told_at_once(void **state)
{
    const char *config = "return { workes = 1, comit_interval = 5, shutdown_timeout = 'soon' }\n";
    assert_refused(*state, NULL, config, "workes", "comit_interval");
    assert_refused(*state, NULL, config, "comit_interval", "shutdown_timeout");
}

static void a_file_that_is_no_lua_or_gives_no_table_is_refused(void **state)
{
    assert_refused(*state, NULL, "return {", "test.lua", "test.lua");
    assert_refused(*state, NULL, "return 7", "test.lua", "table");
}

static void an_unknown_variable_is_refused_and_the_nearest_one_named(void **state)
{
    assert_refused(*state, "MOONROUTE_COMIT_INTERVAL=5", NULL, "MOONROUTE_COMIT_INTERVAL",
                   "MOONROUTE_COMMIT_INTERVAL");
}

static void a_wrong_variable_is_told_with_its_value(void **state)
{
    assert_refused(*state, "MOONROUTE_SHUTDOWN_TIMEOUT=soon", NULL, "MOONROUTE_SHUTDOWN_TIMEOUT",
                   "\"soon\"");
}

static void an_unknown_librdkafka_property_is_refused_in_its_own_words(void **state)
{
    assert_refused(
        *state, NULL, "return { kafka = { properties = { ['no.such.thing'] = '1' } } }\n",
        "kafka.properties[\"no.such.thing\"]", "No such configuration property: \"no.such.thing\"");
}

static void a_wrong_value_of_a_librdkafka_property_is_refused(void **state)
{
    assert_refused(*state, NULL,
                   "return { kafka = { properties = { ['session.timeout.ms'] = -5 } } }\n",
                   "kafka.properties[\"session.timeout.ms\"]", "-5");
}

static void a_property_that_would_break_the_promises_is_refused(void **state)
{
    assert_refused(
        *state, NULL,
        "return { kafka = { properties = { ['enable.auto.offset.store'] = 'true' } } }\n",
        "kafka.properties[\"enable.auto.offset.store\"]", "cannot be set");
}

static void assert_script_refused(const struct folder *folder, const char *script,
                                  const char *place)
{
    struct ended ended = run(folder, NULL, NULL, script, "127.0.0.1:0");
    assert_contains(ended.err, place);
    assert_int_equal(ended.code, DATA);
    ended_free(&ended);
}

static void a_script_with_a_syntax_error_is_named_with_its_line(void **state)
{
    assert_script_refused(*state, "function handleMessage()\n  return ((\nend\n",
                          "scripts/orders.lua:3: ");
}

static void a_script_that_raises_as_it_loads_is_named_with_its_line(void **state)
{
    assert_script_refused(*state, "function handleMessage() end\n\nerror('never')\n",
                          "scripts/orders.lua:3: never");
    assert_script_refused(*state, "function handleMessage() end\nlocal x = no_such_global\n",
                          "scripts/orders.lua:2: ");
}

static void a_script_without_a_handler_is_named(void **state)
{
    assert_script_refused(*state, "local x = 1\n", "scripts/orders.lua");
}

static void nothing_that_a_terminal_obeys_is_printed(void **state)
{
    const char *script = "error('\\27[2Jgone\\155')\n";
    struct ended ended = run(*state, NULL, NULL, script, "127.0.0.1:0");
    assert_contains(ended.err, "\\u001b[2Jgone\\x9b");
    assert_null(strchr(ended.err, '\x1b'));
    assert_int_equal(ended.code, DATA);
    ended_free(&ended);
}

static void every_script_that_does_not_load_is_named(void **state)
{
    folder_write(*state, "scripts/second.lua", "return ((\n");
    assert_script_refused(*state, "return ))\n", "scripts/orders.lua:1: ");
    assert_script_refused(*state, "return ))\n", "scripts/second.lua:");
    folder_delete(*state, "scripts/second.lua");
}

/* `moonroute check` with a script; returns what it printed as errors. The caller frees it. */
static struct ended check(const struct folder *folder, const char *script)
{
    const char *const variables[] = {"MOONROUTE_DEFAULTS_BUDGET_TIME=20", NULL};
    const char *const arguments[] = {"check", "--scripts", "scripts", NULL};
    folder_write(folder, "scripts/orders.lua", script);
    return process_run(folder, variables, arguments);
}

static void check_ends_whatever_a_script_does_as_it_loads(void **state)
{
    static const char *const cases[][2] = {
        {"\nwhile true do end\n", "scripts/orders.lua:2: over its time budget of 200 ms"},
        {"while true do pcall(error) end\n", "scripts/orders.lua:1: over its time budget"},
        {"local t = {}\nfor i = 1, 1e9 do t[i] = {} end\n", "over its "},
        {"local s = ('a'):rep(3e5):find(('a*'):rep(12) .. 'b')\n", "a C function"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ended ended = check(*state, cases[i][0]);
        assert_contains(ended.err, cases[i][1]);
        assert_int_equal(ended.code, DATA);
        ended_free(&ended);
    }
}

static void an_admin_address_in_use_is_told(void **state)
{
    char address[64];
    struct sockaddr_in taken = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(taken);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&taken, sizeof(taken)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&taken, &length), 0);
    snprintf(address, sizeof(address), "127.0.0.1:%d", ntohs(taken.sin_port));
    struct ended ended = run(*state, NULL, NULL, good, address);
    close(fd);
    assert_contains(ended.err, "admin.listen");
    assert_contains(ended.err, address);
    assert_contains(ended.err, "Address already in use");
    assert_int_equal(ended.code, CONFIGURATION);
    ended_free(&ended);
}

static void a_folder_of_scripts_that_is_not_there_is_named(void **state)
{
    const char *const arguments[] = {"run", "--scripts", "nowhere", "--admin", "127.0.0.1:0", NULL};
    struct ended ended = process_run(*state, NULL, arguments);
    assert_contains(ended.err, "nowhere");
    assert_in_range(ended.code, 64, 78);
    ended_free(&ended);
}

static size_t times(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* A start that soon ends, because there are no scripts: how often it warns of an old LuaJIT. */
static size_t warnings_of_an_old_luajit(const struct folder *folder)
{
    const char *const arguments[] = {"run", "--scripts", "nowhere", "--log-format", "json", NULL};
    struct ended ended = process_run(folder, NULL, arguments);
    size_t count = times(ended.err, "\"event\":\"luajit_is_old\"");
    ended_free(&ended);
    return count;
}

/* Whatever libraries this is: Debian 12's, Debian 13's or those of tools/deps. */
static void
version_names_the_faults_of_libraries_and_a_start_warns_once_of_an_old_luajit(void **state)
{
    const char *const arguments[] = {"version", NULL};
    struct ended ended = process_run(*state, NULL, arguments);
    size_t warnings = warnings_of_an_old_luajit(*state);
    bool ours = strstr(ended.out, "(built by tools/deps)") != NULL;
    assert_int_equal(ended.code, 0);
    assert_int_equal(times(ended.out, ours ? "(built by tools/deps)" : "(the system's)"), 2);
    assert_contains(ended.out, "\n  known fault: ");
    assert_in_range(warnings, 0, 1);
    if (strstr(ended.out, "LuaJIT 2.1.0-beta3") != NULL) { /* Debian 12's */
        assert_contains(ended.out, "known fault: compiled `pairs` and `next`");
        assert_int_equal(warnings, 1);
    } else if (ours) {
        char shipped[64];
        snprintf(shipped, sizeof(shipped), "LuaJIT 2.1.%" PRIu64 " (", MR_LUA_SHIPS);
        assert_contains(ended.out, shipped); /* else tools/deps.lock has another one */
        assert_int_equal(warnings, 0);
    }
    ended_free(&ended);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_key_is_refused_and_the_nearest_one_named),
        cmocka_unit_test(a_wrong_value_is_told_with_its_place_what_is_expected_and_what_is_there),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(a_file_that_is_no_lua_or_gives_no_table_is_refused),
        cmocka_unit_test(an_unknown_variable_is_refused_and_the_nearest_one_named),
        cmocka_unit_test(a_wrong_variable_is_told_with_its_value),
        cmocka_unit_test(an_unknown_librdkafka_property_is_refused_in_its_own_words),
        cmocka_unit_test(a_wrong_value_of_a_librdkafka_property_is_refused),
        cmocka_unit_test(a_property_that_would_break_the_promises_is_refused),
        cmocka_unit_test(a_script_with_a_syntax_error_is_named_with_its_line),
        cmocka_unit_test(a_script_that_raises_as_it_loads_is_named_with_its_line),
        cmocka_unit_test(a_script_without_a_handler_is_named),
        cmocka_unit_test(nothing_that_a_terminal_obeys_is_printed),
        cmocka_unit_test(every_script_that_does_not_load_is_named),
        cmocka_unit_test(check_ends_whatever_a_script_does_as_it_loads),
        cmocka_unit_test(an_admin_address_in_use_is_told),
        cmocka_unit_test(a_folder_of_scripts_that_is_not_there_is_named),
        cmocka_unit_test(
            version_names_the_faults_of_libraries_and_a_start_warns_once_of_an_old_luajit),
    };
    return cmocka_run_group_tests(tests, folder_set_up, folder_tear_down);
}
