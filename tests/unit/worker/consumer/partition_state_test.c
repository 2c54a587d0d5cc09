#include "worker/consumer/partition_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "panics.h"

static void a_partition_is_served_until_it_is_revoked_and_does_not_come_back(void **state)
{
    static const bool allowed[MR_TENURES][MR_TENURES] = {
        [MR_TENURE_SERVING] =
            {[MR_TENURE_LEAVING] = true, [MR_TENURE_REVOKED] = true, [MR_TENURE_OUTLIVED] = true},
        [MR_TENURE_LEAVING] = {[MR_TENURE_REVOKED] = true, [MR_TENURE_OUTLIVED] = true},
    };
    (void)state;
    for (int from = 0; from < MR_TENURES; from++)
        for (int to = 0; to < MR_TENURES; to++)
            assert_int_equal(mr_tenure_may_become((enum mr_tenure)from, (enum mr_tenure)to),
                             allowed[from][to]);
}

static void a_tenure_is_over_when_nothing_follows(void **state)
{
    (void)state;
    for (int from = 0; from < MR_TENURES; from++) {
        bool follows = false;
        for (int to = 0; to < MR_TENURES; to++)
            follows = follows || mr_tenure_may_become((enum mr_tenure)from, (enum mr_tenure)to);
        assert_int_equal(mr_tenure_is_over((enum mr_tenure)from), !follows);
    }
}

static void a_paused_partition_opens_without_another_grace_period(void **state)
{
    (void)state;
    for (int from = 0; from < MR_FULLNESSES; from++)
        for (int to = 0; to < MR_FULLNESSES; to++) {
            bool wanted = from != to && !(from == MR_FULLNESS_PAUSED && to == MR_FULLNESS_GRACE);
            assert_int_equal(mr_fullness_may_become((enum mr_partition_fullness)from,
                                                    (enum mr_partition_fullness)to),
                             wanted);
        }
}

static void only_the_first_route_makes_a_partition_transactional(void **state)
{
    static const bool allowed[MR_PARTITION_DELIVERIES][MR_PARTITION_DELIVERIES] = {
        [MR_DELIVERY_UNDECIDED] = {[MR_DELIVERY_AT_LEAST_ONCE] = true,
                                   [MR_DELIVERY_AT_MOST_ONCE] = true,
                                   [MR_DELIVERY_EXACTLY_ONCE] = true},
        [MR_DELIVERY_AT_LEAST_ONCE] = {[MR_DELIVERY_AT_MOST_ONCE] = true},
        [MR_DELIVERY_AT_MOST_ONCE] = {[MR_DELIVERY_AT_LEAST_ONCE] = true},
    };
    (void)state;
    for (int from = 0; from < MR_PARTITION_DELIVERIES; from++)
        for (int to = 0; to < MR_PARTITION_DELIVERIES; to++)
            assert_int_equal(mr_delivery_may_become((enum mr_partition_delivery)from,
                                                    (enum mr_partition_delivery)to),
                             allowed[from][to]);
}

static void a_move_changes_the_state(void **state)
{
    enum mr_tenure tenure = MR_TENURE_SERVING;
    enum mr_partition_fullness fullness = MR_FULLNESS_OPEN;
    enum mr_partition_delivery delivery = MR_DELIVERY_UNDECIDED;
    (void)state;
    mr_tenure_become(&tenure, MR_TENURE_LEAVING);
    mr_fullness_become(&fullness, MR_FULLNESS_GRACE);
    mr_delivery_become(&delivery, MR_DELIVERY_EXACTLY_ONCE);
    assert_int_equal(tenure, MR_TENURE_LEAVING);
    assert_int_equal(fullness, MR_FULLNESS_GRACE);
    assert_int_equal(delivery, MR_DELIVERY_EXACTLY_ONCE);
}

static void serve_again(void *data)
{
    enum mr_tenure tenure = MR_TENURE_REVOKED;
    (void)data;
    mr_tenure_become(&tenure, MR_TENURE_SERVING);
}

static void have_grace_after_a_pause(void *data)
{
    enum mr_partition_fullness fullness = MR_FULLNESS_PAUSED;
    (void)data;
    mr_fullness_become(&fullness, MR_FULLNESS_GRACE);
}

static void leave_the_transactions(void *data)
{
    enum mr_partition_delivery delivery = MR_DELIVERY_EXACTLY_ONCE;
    (void)data;
    mr_delivery_become(&delivery, MR_DELIVERY_AT_LEAST_ONCE);
}

static void a_move_that_a_table_does_not_allow_panics(void **state)
{
    char said[512];
    (void)state;
    assert_true(panics(serve_again, NULL, said, sizeof(said)));
    assert_true(panics(have_grace_after_a_pause, NULL, said, sizeof(said)));
    assert_true(panics(leave_the_transactions, NULL, said, sizeof(said)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partition_is_served_until_it_is_revoked_and_does_not_come_back),
        cmocka_unit_test(a_tenure_is_over_when_nothing_follows),
        cmocka_unit_test(a_paused_partition_opens_without_another_grace_period),
        cmocka_unit_test(only_the_first_route_makes_a_partition_transactional),
        cmocka_unit_test(a_move_changes_the_state),
        cmocka_unit_test(a_move_that_a_table_does_not_allow_panics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
