#include "base/known_faults.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct mr_known_fault table[] = {
    {"mended in 3", "before 3", 0, 3, "a_test.c"},
    {"new in 2, mended in 4", "2 and 3", 2, 4, "a_test.c"},
    {"new in 3", "3 and later", 3, MR_FAULT_REMAINS, "a_test.c"},
    {0},
};

static void a_version_has_the_faults_from_the_first_to_the_one_that_mends_them(void **state)
{
    (void)state;
    assert_true(mr_known_fault_has(&table[1], 2));
    assert_true(mr_known_fault_has(&table[1], 3));
    assert_false(mr_known_fault_has(&table[1], 1));
    assert_false(mr_known_fault_has(&table[1], 4));
    assert_true(mr_known_fault_has(&table[2], 1000));
}

static void the_faults_that_another_version_has_not_are_counted(void **state)
{
    (void)state;
    assert_int_equal(mr_known_faults_mended(table, 1, 3), 1);
    assert_int_equal(mr_known_faults_mended(table, 2, 3), 1);
    assert_int_equal(mr_known_faults_mended(table, 2, 4), 2);
    assert_int_equal(mr_known_faults_mended(table, 3, 3), 0);
    assert_int_equal(mr_known_faults_mended(table, 4, 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_has_the_faults_from_the_first_to_the_one_that_mends_them),
        cmocka_unit_test(the_faults_that_another_version_has_not_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
