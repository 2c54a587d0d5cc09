#include "worker/rpc/deaf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void the_worst_that_is_known_is_told(void **state)
{
    (void)state;
    struct mr_deafness deafness = {MR_DEAF_NOT, MR_DEAF_NOT, MR_DEAF_NOT};
    assert_int_equal(mr_deaf_worst(&deafness), MR_DEAF_NOT);
    deafness.shown = MR_DEAF_LEADERLESS;
    assert_int_equal(mr_deaf_worst(&deafness), MR_DEAF_LEADERLESS);
    deafness.read = MR_DEAF_GONE;
    assert_int_equal(mr_deaf_worst(&deafness), MR_DEAF_GONE);
    deafness.looked_up = MR_DEAF_MISSING;
    assert_int_equal(mr_deaf_worst(&deafness), MR_DEAF_MISSING);
    deafness.read = MR_DEAF_DENIED;
    assert_int_equal(mr_deaf_worst(&deafness), MR_DEAF_DENIED);
}

static void what_somebody_must_do_is_said_and_nobody_waits_for_it(void **state)
{
    char text[256];
    (void)state;
    for (enum mr_deaf deaf = 0; deaf < MR_DEAF_NOT; deaf++) {
        mr_deaf_text(deaf, "a-responses", "no answer", text, sizeof(text));
        assert_int_equal(strncmp(text, "the response topic a-responses ", 31), 0);
        assert_int_equal(strstr(text, "READ") != NULL, mr_deaf_lasts(deaf));
        assert_int_equal(strstr(text, "no answer") != NULL,
                         deaf == MR_DEAF_UNKNOWN || deaf == MR_DEAF_UNASKED);
        assert_true(mr_deaf_lasts(deaf) || !mr_deaf_is_denied(deaf));
    }
    assert_false(mr_deaf_lasts(MR_DEAF_NOT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worst_that_is_known_is_told),
        cmocka_unit_test(what_somebody_must_do_is_said_and_nobody_waits_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
