/* Who has fenced a static member: itself, if it had lost its session not long before. */
#include "kafka/consumer/fence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SESSION = 20000, NOW = 1000000 };

uint64_t __wrap_mr_clock_ms(void);
uint64_t __wrap_mr_clock_ms(void)
{
    return NOW;
}

static int make(void **state)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "group.id", "group", why, sizeof(why));
    rd_kafka_conf_set(conf, "group.instance.id", "name", why, sizeof(why)); /* else none is fatal */
    rd_kafka_conf_set(conf, "session.timeout.ms", "20000", why, sizeof(why));
    *state = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    return *state == NULL;
}

static int end(void **state)
{
    rd_kafka_destroy(*state);
    return 0;
}

static void break_for(rd_kafka_t *handle, rd_kafka_resp_err_t error)
{
    assert_int_equal(rd_kafka_test_fatal_error(handle, error, "the test says so"),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void a_member_that_was_not_fenced_has_no_fence(void **state)
{
    assert_int_equal(mr_fence_of(*state, NOW), MR_FENCE_NONE);
    break_for(*state, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    assert_int_equal(mr_fence_of(*state, NOW), MR_FENCE_NONE);
}

static void a_member_that_had_its_session_was_fenced_by_another(void **state)
{
    break_for(*state, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    assert_int_equal(mr_fence_of(*state, 0), MR_FENCE_OTHER);
}

static void a_member_that_had_just_lost_its_session_fenced_itself(void **state)
{
    break_for(*state, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    assert_int_equal(mr_fence_of(*state, NOW), MR_FENCE_OWN);
    assert_int_equal(mr_fence_of(*state, NOW - SESSION - 59999), MR_FENCE_OWN);
}

static void a_session_that_was_lost_long_ago_explains_nothing(void **state)
{
    break_for(*state, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
    assert_int_equal(mr_fence_of(*state, NOW - SESSION - 60000), MR_FENCE_OTHER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_member_that_was_not_fenced_has_no_fence),
        TEST(a_member_that_had_its_session_was_fenced_by_another),
        TEST(a_member_that_had_just_lost_its_session_fenced_itself),
        TEST(a_session_that_was_lost_long_ago_explains_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
