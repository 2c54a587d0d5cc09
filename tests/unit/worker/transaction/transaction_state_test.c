#include "worker/transaction/transaction_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "panics.h"
#include "worker/transaction/state.h"

static bool may(int from, int to)
{
    return mr_transaction_may_become((enum mr_transaction_state)from,
                                     (enum mr_transaction_state)to);
}

static void a_transaction_is_opened_committed_and_opened_again(void **state)
{
    static const enum mr_transaction_state life[] = {
        MR_TRANSACTION_BUSY,                          /* its producer opens */
        MR_TRANSACTION_OPEN,     MR_TRANSACTION_BUSY, /* commits */
        MR_TRANSACTION_BUSY,                          /* aborts, since the commit failed */
        MR_TRANSACTION_RESTING,  MR_TRANSACTION_OPEN, MR_TRANSACTION_BUSY,
        MR_TRANSACTION_RENEWING, MR_TRANSACTION_BUSY, MR_TRANSACTION_FAILED,
    };
    struct mr_transaction transaction = {0};
    (void)state;
    assert_int_equal(transaction.state, MR_TRANSACTION_OFF);
    for (size_t i = 0; i < sizeof(life) / sizeof(life[0]); i++) {
        mr_transaction_become(&transaction, life[i]);
        assert_int_equal(transaction.state, life[i]);
    }
}

/* Only a step that is over says what follows. */
static void a_step_comes_before_rest_and_renewal(void **state)
{
    (void)state;
    for (int from = 0; from < MR_TRANSACTION_STATES; from++) {
        bool busy = from == MR_TRANSACTION_BUSY;
        assert_int_equal(may(from, MR_TRANSACTION_RESTING), busy);
        assert_int_equal(may(from, MR_TRANSACTION_RENEWING), busy);
        assert_int_equal(may(from, MR_TRANSACTION_OPEN), busy || from == MR_TRANSACTION_RESTING);
        assert_false(may(from, MR_TRANSACTION_OFF));
    }
}

static void it_may_be_abandoned_in_any_state_and_more_than_once(void **state)
{
    (void)state;
    for (int from = 0; from < MR_TRANSACTION_STATES; from++)
        assert_true(may(from, MR_TRANSACTION_FAILED));
}

static void become_open(void *transaction)
{
    mr_transaction_become(transaction, MR_TRANSACTION_OPEN);
}

static void become_busy(void *transaction)
{
    mr_transaction_become(transaction, MR_TRANSACTION_BUSY);
}

static void a_move_that_the_table_does_not_allow_panics(void **state)
{
    char said[512];
    struct mr_transaction off = {0}, failed = {.state = MR_TRANSACTION_FAILED};
    (void)state;
    assert_true(panics(become_open, &off, said, sizeof(said)));
    assert_true(panics(become_open, &failed, said, sizeof(said)));
    assert_true(panics(become_busy, &failed, said, sizeof(said)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transaction_is_opened_committed_and_opened_again),
        cmocka_unit_test(a_step_comes_before_rest_and_renewal),
        cmocka_unit_test(it_may_be_abandoned_in_any_state_and_more_than_once),
        cmocka_unit_test(a_move_that_the_table_does_not_allow_panics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
