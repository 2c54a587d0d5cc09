#include "worker/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mr_gates gates;
static struct mr_job jobs[4];

static int set_up(void **state)
{
    memset(jobs, 0, sizeof(jobs));
    *state = mr_gates_hold(&gates, "orders");
    return 0;
}

static int tear_down(void **state)
{
    mr_gate_release(*state);
    mr_gates_free(&gates);
    return 0;
}

static void begin(struct mr_gate *gate, struct mr_job *job, size_t concurrency)
{
    assert_true(mr_gate_pass(gate, job, concurrency));
    gate->running++;
}

static void routes_of_one_name_share_a_gate(void **state)
{
    struct mr_gate *gate = *state;
    assert_ptr_equal(mr_gates_hold(&gates, "orders"), gate);
    assert_ptr_not_equal(mr_gates_hold(&gates, "other"), gate);
    mr_gate_release(mr_gates_hold(&gates, "other"));
    mr_gate_release(gate);
    struct mr_gate *other = mr_gates_hold(&gates, "other");
    mr_gate_release(other);
    mr_gate_release(other);
}

static void jobs_pass_in_the_order_they_came(void **state)
{
    struct mr_gate *gate = *state;
    begin(gate, &jobs[0], 1);
    assert_false(mr_gate_pass(gate, &jobs[1], 1));
    assert_false(mr_gate_pass(gate, &jobs[2], 1));
    gate->running--;
    assert_ptr_equal(mr_gate_wake(gate), &jobs[1]);
    begin(gate, &jobs[1], 1);
    gate->running--;
    assert_ptr_equal(mr_gate_wake(gate), &jobs[2]);
    begin(gate, &jobs[2], 1);
    gate->running--;
    assert_null(mr_gate_wake(gate));
}

static void nobody_overtakes_a_job_that_was_woken(void **state)
{
    struct mr_gate *gate = *state;
    begin(gate, &jobs[0], 1);
    assert_false(mr_gate_pass(gate, &jobs[1], 1));
    gate->running--;
    assert_ptr_equal(mr_gate_wake(gate), &jobs[1]);
    assert_false(mr_gate_pass(gate, &jobs[2], 1));
    begin(gate, &jobs[1], 1);
    gate->running--;
    assert_ptr_equal(mr_gate_wake(gate), &jobs[2]);
    assert_ptr_equal(mr_gate_leave(&jobs[2]), gate);
    assert_null(mr_gate_leave(&jobs[2]));
}

static void a_woken_job_keeps_its_place_when_a_reload_takes_the_room(void **state)
{
    struct mr_gate *gate = *state;
    begin(gate, &jobs[0], 2);
    begin(gate, &jobs[1], 2);
    assert_false(mr_gate_pass(gate, &jobs[2], 2));
    assert_false(mr_gate_pass(gate, &jobs[3], 2));
    gate->running--;
    assert_ptr_equal(mr_gate_wake(gate), &jobs[2]);
    assert_false(mr_gate_pass(gate, &jobs[2], 1));
    gate->running--;
    assert_ptr_equal(mr_gate_wake(gate), &jobs[2]);
    assert_ptr_equal(mr_gate_wake(gate), &jobs[3]);
    mr_gate_leave(&jobs[2]);
    mr_gate_leave(&jobs[3]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(routes_of_one_name_share_a_gate),
        TEST(jobs_pass_in_the_order_they_came),
        TEST(nobody_overtakes_a_job_that_was_woken),
        TEST(a_woken_job_keeps_its_place_when_a_reload_takes_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
