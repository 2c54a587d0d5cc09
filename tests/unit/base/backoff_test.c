#include "base/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void each_pause_is_twice_as_long_up_to_the_longest(void **state)
{
    (void)state;
    static const uint64_t pauses[] = {0, 100, 200, 400, 800, 1000, 1000};
    uint64_t pause = 0;
    for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
        assert_int_equal(mr_backoff_after(i, 100, 1000), pauses[i]);
        if (i > 0)
            pause = mr_backoff_next(pause, 100, 1000);
        assert_int_equal(pause, pauses[i]);
    }
}

static void however_many_failures_there_are_nothing_overflows(void **state)
{
    (void)state;
    assert_int_equal(mr_backoff_after(UINT64_MAX, 1, UINT64_MAX), UINT64_MAX);
    assert_int_equal(mr_backoff_after(1, 100, 50), 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pause_is_twice_as_long_up_to_the_longest),
        cmocka_unit_test(however_many_failures_there_are_nothing_overflows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
