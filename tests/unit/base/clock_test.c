#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static uint64_t of_system(clockid_t clock, uint64_t units_a_second)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * units_a_second +
           (uint64_t)now.tv_nsec / (1000000000 / units_a_second);
}

static void the_monotonic_clock_tells_nanoseconds_and_milliseconds(void **state)
{
    (void)state;
    uint64_t before = of_system(CLOCK_MONOTONIC, 1000000000);
    uint64_t ns = mr_clock_ns();
    uint64_t ms = mr_clock_ms();
    uint64_t after = of_system(CLOCK_MONOTONIC, 1000000000);
    assert_in_range(ns, before, after);
    assert_in_range(ms, before / 1000000, after / 1000000);
}

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    uint64_t last = mr_clock_ns();
    for (int i = 0; i < 100000; i++) {
        uint64_t now = mr_clock_ns();
        assert_true(now >= last);
        last = now;
    }
}

static void the_wall_clock_tells_milliseconds_since_1970(void **state)
{
    (void)state;
    uint64_t before = of_system(CLOCK_REALTIME, 1000);
    int64_t now = mr_clock_wall_ms();
    uint64_t after = of_system(CLOCK_REALTIME, 1000);
    assert_in_range((uint64_t)now, before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_tells_nanoseconds_and_milliseconds),
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_wall_clock_tells_milliseconds_since_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
