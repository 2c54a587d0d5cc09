#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/respawn.h"

static void the_first_death_is_answered_at_once(void **state)
{
    (void)state;
    struct mr_respawn respawn = {0};
    assert_int_equal(mr_respawn_pause(&respawn, 5), 0);
}

static void workers_that_keep_dying_young_are_waited_for_longer_and_longer(void **state)
{
    (void)state;
    static const uint64_t waits[] = {0, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000};
    struct mr_respawn respawn = {0};
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
        assert_int_equal(mr_respawn_pause(&respawn, MR_RESPAWN_YOUNG - 1), waits[i]);
}

static void one_that_lived_ends_the_waiting(void **state)
{
    (void)state;
    struct mr_respawn respawn = {0};
    for (int i = 0; i < 5; i++)
        mr_respawn_pause(&respawn, 0);
    assert_int_equal(mr_respawn_pause(&respawn, MR_RESPAWN_YOUNG), 0);
    assert_int_equal(mr_respawn_pause(&respawn, 0), 0);
    assert_int_equal(mr_respawn_pause(&respawn, 0), 100);
}

static void a_thousand_deaths_change_nothing_more(void **state)
{
    (void)state;
    struct mr_respawn respawn = {0};
    for (int i = 0; i < 1000; i++)
        mr_respawn_pause(&respawn, 0);
    assert_int_equal(mr_respawn_pause(&respawn, 0), MR_RESPAWN_LAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_death_is_answered_at_once),
        cmocka_unit_test(workers_that_keep_dying_young_are_waited_for_longer_and_longer),
        cmocka_unit_test(one_that_lived_ends_the_waiting),
        cmocka_unit_test(a_thousand_deaths_change_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
