#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cmd/latency.h"

static void a_quantile_is_the_value_of_the_nearest_rank(void **state)
{
    uint64_t sorted[1000];
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        sorted[i] = i + 1;
    assert_int_equal(mr_latency_quantile(sorted, 1000, 500), 500);
    assert_int_equal(mr_latency_quantile(sorted, 1000, 990), 990);
    assert_int_equal(mr_latency_quantile(sorted, 1000, 999), 999);
    assert_int_equal(mr_latency_quantile(sorted, 1000, 1000), 1000);
    assert_int_equal(mr_latency_quantile(sorted, 1000, 0), 1);
    assert_int_equal(mr_latency_quantile(sorted, 3, 500), 2);
    assert_int_equal(mr_latency_quantile(sorted, 3, 990), 3);
    assert_int_equal(mr_latency_quantile(sorted, 1, 500), 1);
    assert_int_equal(mr_latency_quantile(sorted, 0, 500), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quantile_is_the_value_of_the_nearest_rank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
