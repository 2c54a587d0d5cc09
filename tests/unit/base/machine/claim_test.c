#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/machine/claim.h"

static char name[64];

static int set_up(void **state)
{
    (void)state;
    snprintf(name, sizeof(name), "claim-test-%d", (int)getpid());
    return 0;
}

static void the_lowest_free_number_is_claimed_under_each_name(void **state)
{
    struct mr_claim claims[3] = {0}, other = {0};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        mr_claim_lowest(&claims[i], name);
        assert_int_equal(claims[i].number, i);
    }
    mr_claim_release(&claims[1]);
    mr_claim_release(&claims[1]);
    mr_claim_lowest(&claims[1], name);
    assert_int_equal(claims[1].number, 1);
    mr_claim_lowest(&other, "another name");
    assert_int_equal(other.number, 0);
    mr_claim_release(&other);
    for (unsigned i = 0; i < 3; i++)
        mr_claim_release(&claims[i]);
}

static void a_number_is_claimed_from_the_first_that_is_wanted(void **state)
{
    struct mr_claim first = {0}, second = {0}, lowest = {0};
    (void)state;
    mr_claim_from(&first, name, 7);
    mr_claim_from(&second, name, 7);
    mr_claim_lowest(&lowest, name);
    assert_int_equal(first.number, 7);
    assert_int_equal(second.number, 8);
    assert_int_equal(lowest.number, 0);
    mr_claim_release(&first);
    mr_claim_release(&second);
    mr_claim_release(&lowest);
}

static void a_process_that_is_killed_claims_nothing_any_more(void **state)
{
    struct mr_claim claim = {0};
    int ready[2];
    char byte;
    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        mr_claim_lowest(&claim, name);
        if (write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    mr_claim_lowest(&claim, name);
    assert_int_equal(claim.number, 1);
    mr_claim_release(&claim);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    mr_claim_lowest(&claim, name);
    assert_int_equal(claim.number, 0);
    mr_claim_release(&claim);
    close(ready[0]);
    close(ready[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_free_number_is_claimed_under_each_name),
        cmocka_unit_test(a_number_is_claimed_from_the_first_that_is_wanted),
        cmocka_unit_test(a_process_that_is_killed_claims_nothing_any_more),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
