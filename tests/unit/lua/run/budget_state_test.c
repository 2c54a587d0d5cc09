#include "lua/run/budget_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "panics.h"

struct move {
    enum mr_budget_state from, to;
};

static void make(void *data)
{
    struct move move = *(struct move *)data;
    mr_budget_become(&move.from, move.to);
}

static bool may(enum mr_budget_state from, enum mr_budget_state to)
{
    char said[256];
    struct move move = {from, to};
    return !panics(make, &move, said, sizeof(said));
}

static void a_run_begins_within_its_budgets(void **state)
{
    (void)state;
    for (int to = 0; to < MR_BUDGET_STATES; to++)
        assert_int_equal(may(MR_BUDGET_IDLE, (enum mr_budget_state)to), to == MR_BUDGET_WITHIN);
}

static void every_run_can_get_worse_and_end(void **state)
{
    (void)state;
    for (int from = MR_BUDGET_WITHIN; from < MR_BUDGET_STATES; from++) {
        assert_true(may((enum mr_budget_state)from, MR_BUDGET_IDLE));
        for (int to = from + 1; to < MR_BUDGET_STATES; to++)
            assert_true(may((enum mr_budget_state)from, (enum mr_budget_state)to));
    }
}

static void a_run_comes_back_only_if_a_collection_can_help(void **state)
{
    (void)state;
    for (int from = MR_BUDGET_WITHIN; from < MR_BUDGET_STATES; from++)
        for (int to = MR_BUDGET_WITHIN; to <= from; to++) {
            bool helped =
                to == MR_BUDGET_WITHIN && (from == MR_BUDGET_CROWDED || from == MR_BUDGET_OVER);
            assert_int_equal(may((enum mr_budget_state)from, (enum mr_budget_state)to), helped);
        }
}

static void the_hook_is_set_from_the_first_bad_state_on(void **state)
{
    (void)state;
    for (int each = 0; each < MR_BUDGET_STATES; each++)
        assert_int_equal(mr_budget_rows[each].hooked, each >= MR_BUDGET_CROWDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_begins_within_its_budgets),
        cmocka_unit_test(every_run_can_get_worse_and_end),
        cmocka_unit_test(a_run_comes_back_only_if_a_collection_can_help),
        cmocka_unit_test(the_hook_is_set_from_the_first_bad_state_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
