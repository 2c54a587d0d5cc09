#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/powers.h"

/* Powers that others have published: Lemire's table, and arithmetic. */
static void powers_are_as_known(void **state)
{
    static const struct {
        int n;
        uint64_t high, low;
        int exponent;
    } known[] = {
        {0, 0x8000000000000000, 0, 0},
        {1, 0xa000000000000000, 0, 3},
        {-1, 0xcccccccccccccccc, 0xcccccccccccccccc, -4},
        {19, 0x8ac7230489e80000, 0, 63},
        {-292, 0xff77b1fcbebcdc4f, 0x25e8e89c13bb0f7a, -971},
        {308, 0x8e679c2f5e44ff8f, 0x570f09eaa7ea7648, 1023},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct mr_power power = mr_power_of_ten(known[i].n);
        assert_int_equal(power.high, known[i].high);
        assert_int_equal(power.low, known[i].low);
        assert_int_equal(mr_power_exponent(known[i].n), known[i].exponent);
    }
}

/* Ten times one is the next: within a unit of the last bit, and equal where both are exact. */
static void each_is_ten_times_the_one_before(void **state)
{
    (void)state;
    for (int n = MR_POWER_LEAST; n < MR_POWER_MOST; n++) {
        struct mr_power power = mr_power_of_ten(n), next = mr_power_of_ten(n + 1);
        assert_true(power.high >> 63 == 1 && next.high >> 63 == 1);
        int shift = mr_power_exponent(n + 1) - mr_power_exponent(n); /* 3 or 4 */
        unsigned __int128 low = (unsigned __int128)power.low * 10;
        unsigned __int128 high = (unsigned __int128)power.high * 10 + (uint64_t)(low >> 64);
        unsigned __int128 product = high << (64 - shift) | (uint64_t)low >> shift;
        unsigned __int128 wanted = (unsigned __int128)next.high << 64 | next.low;
        assert_true(product <= wanted && wanted - product <= 2U);
        assert_true(!mr_power_is_exact(n + 1) || n < 0 || wanted == product);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_are_as_known),
        cmocka_unit_test(each_is_ten_times_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
