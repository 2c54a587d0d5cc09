#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/restart_keys.h"

static void set(struct mr_config *config, const char *path, const char *text)
{
    struct mr_errors errors = {0};
    mr_config_set_text(config, path, text, "test", &errors);
    assert_string_equal(mr_errors_text(&errors), "");
}

static void count(void *context, const char *name, const char *value)
{
    (void)name;
    (void)value;
    ++*(int *)context;
}

static void what_needs_a_restart_stays_and_the_rest_changes(void **state)
{
    struct mr_config *running = mr_config_new(), *config = mr_config_new();
    int differences = 0;
    (void)state;
    set(running, "kafka.client_id", "one");
    set(running, "kafka.properties[\"a\"]", "1");
    set(running, "shutdown_timeout", "1");
    set(config, "kafka.client_id", "two");
    set(config, "kafka.properties[\"b\"]", "2");
    set(config, "workers", "7");
    set(config, "shutdown_timeout", "2");
    mr_config_keep(config, running);
    assert_string_equal(mr_config_string(config, "kafka.client_id"), "one");
    assert_string_equal(mr_config_string(config, "kafka.properties[\"a\"]"), "1");
    assert_false(mr_config_is_set(config, "kafka.properties[\"b\"]"));
    assert_int_equal(mr_config_integer(config, "workers"), 0);
    assert_int_equal(mr_config_integer(config, "shutdown_timeout"), 2);
    mr_config_restart_differences(running, config, count, &differences);
    assert_int_equal(differences, 0);
    mr_config_free(running);
    mr_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_a_restart_stays_and_the_rest_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
