#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker/instance.h"

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

static void expect_name(const char *given, uint64_t number, const struct mr_slot *slot,
                        const char *wanted, bool lasting)
{
    struct mr_instance instance;
    struct mr_config *config = config_of(given);
    mr_instance_name(&instance, config, number, slot);
    assert_string_equal(instance.name, wanted);
    assert_int_equal(instance.lasting, lasting);
    mr_instance_free(&instance);
    mr_config_free(config);
}

static struct mr_slot *new_slot(void)
{
    struct mr_slot *slot = calloc(1, sizeof(*slot));
    assert_non_null(slot);
    return slot;
}

static void a_name_that_was_given_has_the_slot_s_number_and_outlives_a_stop(void **state)
{
    struct mr_slot *slot = new_slot();
    (void)state;
    expect_name("router-1", 0, slot, "router-1-0", true);
    expect_name("router-1", 12, slot, "router-1-12", true);
    expect_name("", 1, slot, "", false);
    free(slot);
}

/* Numbers far beyond those of routers that run on this machine. */
static void by_default_it_is_the_host_s_and_a_number_of_its_own(void **state)
{
    char host[256] = "", wanted[300];
    struct mr_slot *slot = new_slot();
    struct mr_instance first, second, third;
    struct mr_config *config = config_of(NULL);
    uint64_t number = 20000 + (uint64_t)getpid() % 20000;
    (void)state;
    gethostname(host, sizeof(host) - 1);
    mr_instance_name(&first, config, number, slot);
    snprintf(wanted, sizeof(wanted), "%s-%u", host, (unsigned)number);
    assert_string_equal(first.name, wanted);
    assert_false(first.lasting);
    mr_instance_name(&second, config, number, slot);
    snprintf(wanted, sizeof(wanted), "%s-%u", host, (unsigned)number + 1);
    assert_string_equal(second.name, wanted);
    mr_instance_free(&first);
    mr_instance_name(&third, config, number, slot);
    snprintf(wanted, sizeof(wanted), "%s-%u", host, (unsigned)number);
    assert_string_equal(third.name, wanted);
    mr_instance_free(&second);
    mr_instance_free(&third);
    mr_config_free(config);
    free(slot);
}

static void one_that_was_fenced_has_another_name_and_keeps_it(void **state)
{
    struct mr_slot *slot = new_slot();
    struct mr_instance instance, again;
    struct mr_config *config = config_of("router-1");
    (void)state;
    mr_instance_name(&instance, config, 3, slot);
    mr_instance_fenced(&instance, slot);
    mr_instance_name(&instance, config, 3, slot);
    assert_int_equal(strncmp(instance.name, "router-1-3-", 11), 0);
    assert_int_equal(strlen(instance.name), 11 + 6);
    assert_false(instance.lasting);
    mr_slot_vacate(slot);
    mr_instance_name(&again, config, 3, slot);
    assert_string_equal(again.name, instance.name);
    mr_config_free(config);
    free(slot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_was_given_has_the_slot_s_number_and_outlives_a_stop),
        cmocka_unit_test(by_default_it_is_the_host_s_and_a_number_of_its_own),
        cmocka_unit_test(one_that_was_fenced_has_another_name_and_keeps_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
