#include "worker/consumer/group_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "panics.h"

static void a_group_lives_from_new_to_gone(void **state)
{
    static const enum mr_group_state life[] = {
        MR_GROUP_JOINING, MR_GROUP_STEADY,  MR_GROUP_DRAINING, MR_GROUP_STEADY,
        MR_GROUP_JOINING, MR_GROUP_LEAVING, MR_GROUP_CLOSING,  MR_GROUP_GONE};
    enum mr_group_state now = MR_GROUP_NEW;
    (void)state;
    for (size_t i = 0; i < sizeof(life) / sizeof(life[0]); i++) {
        mr_group_state_become(&now, life[i]);
        assert_int_equal(now, life[i]);
        assert_non_null(mr_group_state_names[now]);
    }
}

struct move {
    enum mr_group_state from, to;
};

static void make(void *data)
{
    struct move move = *(struct move *)data;
    mr_group_state_become(&move.from, move.to);
}

static void a_group_is_closed_only_when_it_is_steady_or_has_left(void **state)
{
    (void)state;
    for (int from = 0; from < MR_GROUP_STATES; from++) {
        char said[256];
        struct move move = {(enum mr_group_state)from, MR_GROUP_CLOSING};
        bool may = from == MR_GROUP_STEADY || from == MR_GROUP_LEAVING;
        assert_int_equal(panics(make, &move, said, sizeof(said)), !may);
    }
}

static void what_drains_is_given_back_before_a_group_leaves(void **state)
{
    char said[256];
    struct move move = {MR_GROUP_DRAINING, MR_GROUP_LEAVING};
    (void)state;
    assert_true(panics(make, &move, said, sizeof(said)));
}

static void a_client_may_fail_in_any_state(void **state)
{
    (void)state;
    for (int from = 0; from < MR_GROUP_GONE; from++) {
        enum mr_group_state now = (enum mr_group_state)from;
        mr_group_state_become(&now, MR_GROUP_GONE);
        assert_int_equal(now, MR_GROUP_GONE);
    }
}

static void nothing_comes_back(void **state)
{
    (void)state;
    for (int to = 0; to < MR_GROUP_STATES; to++) {
        char said[256];
        struct move move = {MR_GROUP_GONE, (enum mr_group_state)to};
        assert_true(panics(make, &move, said, sizeof(said)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_lives_from_new_to_gone),
        cmocka_unit_test(a_group_is_closed_only_when_it_is_steady_or_has_left),
        cmocka_unit_test(what_drains_is_given_back_before_a_group_leaves),
        cmocka_unit_test(a_client_may_fail_in_any_state),
        cmocka_unit_test(nothing_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
