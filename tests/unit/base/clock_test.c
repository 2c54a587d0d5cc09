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

static void the_way_to_wall_time_changes_with_the_clock_and_not_with_rounding(void **state)
{
    (void)state;
    int64_t offset = mr_clock_wall_offset(0, mr_clock_wall_ms(), mr_clock_ms());
    for (int i = 0; i < 1000000; i++) {
        int64_t again = mr_clock_wall_offset(offset, mr_clock_wall_ms(), mr_clock_ms());
        assert_true(again == offset || again < offset - 1 || again > offset + 1);
        offset = again;
    }
    assert_int_equal(mr_clock_wall_offset(100, 1101, 1000), 100);
    assert_int_equal(mr_clock_wall_offset(100, 1099, 1000), 100);
    assert_int_equal(mr_clock_wall_offset(100, 1102, 1000), 102);
    assert_int_equal(mr_clock_wall_offset(100, 998, 1000), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_tells_nanoseconds_and_milliseconds),
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(the_wall_clock_tells_milliseconds_since_1970),
        cmocka_unit_test(the_way_to_wall_time_changes_with_the_clock_and_not_with_rounding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
