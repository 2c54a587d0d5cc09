#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/consumer/instance.h"

static struct mr_config *config_of(const char *name)
{
    struct mr_errors errors = {0};
    struct mr_config *config = mr_config_new();
    if (name != NULL)
        mr_config_set_text(config, "kafka.group_instance_id", name, "test", &errors);
    assert_int_equal(errors.count, 0);
    mr_errors_free(&errors);
    return config;
}

static void expect_name(const char *given, uint64_t number, struct mr_membership_row *row,
                        const char *wanted, bool lasting)
{
    struct mr_instance instance;
    struct mr_config *config = config_of(given);
    char shown[MR_NOTE_SIZE];
    mr_instance_name(&instance, config, number, row);
    assert_string_equal(instance.name, wanted);
    assert_int_equal(mr_instance_stays(&instance, false), lasting);
    assert_int_equal(mr_instance_stays(&instance, true), wanted[0] != '\0');
    mr_note_read(&row->name, shown);
    assert_string_equal(shown, wanted);
    mr_config_free(config);
}

static void a_name_that_was_given_has_the_slot_s_number_and_outlives_a_stop(void **state)
{
    struct mr_membership_row rows[3] = {0};
    (void)state;
    expect_name("router-1", 0, &rows[0], "router-1-0", true);
    expect_name("router-1", 12, &rows[1], "router-1-12", true);
    expect_name("", 1, &rows[2], "", false);
}

static void by_default_it_is_the_host_s_and_the_number_that_the_master_claimed(void **state)
{
    char host[256] = "", wanted[300];
    struct mr_membership_row row = {.number = 7};
    (void)state;
    gethostname(host, sizeof(host) - 1);
    snprintf(wanted, sizeof(wanted), "%s-7", host);
    expect_name(NULL, 0, &row, wanted, false);
    expect_name("auto", 0, &row, wanted, false);
}

static void one_that_was_fenced_has_another_name_and_keeps_it(void **state)
{
    struct mr_membership_row row = {0};
    struct mr_instance instance, again;
    struct mr_config *config = config_of("router-1");
    char lost[MR_NOTE_SIZE];
    (void)state;
    mr_instance_name(&instance, config, 3, &row);
    mr_instance_fenced(&instance, &row);
    assert_false(mr_instance_stays(&instance, true)); /* its successor is somebody else */
    mr_note_read(&row.lost, lost);
    assert_string_equal(lost, "router-1-3");
    assert_true(mr_cell_get(&row.fenced) > 0);
    mr_instance_name(&instance, config, 3, &row);
    assert_int_equal(strncmp(instance.name, "router-1-3-", 11), 0);
    assert_int_equal(strlen(instance.name), 11 + 6);
    assert_false(mr_instance_stays(&instance, false));
    assert_true(mr_instance_stays(&instance, true));
    mr_instance_name(&again, config, 3, &row);
    assert_string_equal(again.name, instance.name);
    mr_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_was_given_has_the_slot_s_number_and_outlives_a_stop),
        cmocka_unit_test(by_default_it_is_the_host_s_and_the_number_that_the_master_claimed),
        cmocka_unit_test(one_that_was_fenced_has_another_name_and_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
