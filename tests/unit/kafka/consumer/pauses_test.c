/* Who may resume a partition: nobody while another reason is left. librdkafka's two calls are
 * counted, not done. */
#include "kafka/consumer/pauses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTITIONS = 3 };

static bool paused[PARTITIONS];
static size_t calls, told_paused, told_resumed;

static rd_kafka_resp_err_t change(const rd_kafka_topic_partition_list_t *list, bool to)
{
    calls++;
    for (int i = 0; i < list->cnt; i++) {
        assert_string_equal(list->elems[i].topic, "orders");
        assert_true(paused[list->elems[i].partition] != to); /* nothing twice */
        paused[list->elems[i].partition] = to;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t __wrap_rd_kafka_pause_partitions(rd_kafka_t *handle,
                                                     rd_kafka_topic_partition_list_t *list);
rd_kafka_resp_err_t __wrap_rd_kafka_pause_partitions(rd_kafka_t *handle,
                                                     rd_kafka_topic_partition_list_t *list)
{
    (void)handle;
    return change(list, true);
}

rd_kafka_resp_err_t __wrap_rd_kafka_resume_partitions(rd_kafka_t *handle,
                                                      rd_kafka_topic_partition_list_t *list);
rd_kafka_resp_err_t __wrap_rd_kafka_resume_partitions(rd_kafka_t *handle,
                                                      rd_kafka_topic_partition_list_t *list)
{
    (void)handle;
    return change(list, false);
}

void __wrap_mr_prefetch_paused(struct mr_prefetch *prefetch);
void __wrap_mr_prefetch_paused(struct mr_prefetch *prefetch)
{
    (void)prefetch;
    told_paused++;
}

void __wrap_mr_prefetch_resumed(struct mr_prefetch *prefetch);
void __wrap_mr_prefetch_resumed(struct mr_prefetch *prefetch)
{
    (void)prefetch;
    told_resumed++;
}

static void with(struct mr_pauses *pauses, int first, int count,
                 void (*does)(struct mr_pauses *, const rd_kafka_topic_partition_list_t *))
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, "orders", first + i);
    does(pauses, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static int set_up(void **state)
{
    memset(paused, 0, sizeof(paused));
    struct mr_pauses *pauses = calloc(1, sizeof(*pauses));
    with(pauses, 0, PARTITIONS, mr_pauses_assigned);
    calls = told_paused = told_resumed = 0;
    *state = pauses;
    return 0;
}

static int tear_down(void **state)
{
    mr_pauses_free(*state);
    free(*state);
    return 0;
}

static void a_partition_rests_until_its_last_reason_is_gone(void **state)
{
    mr_pauses_add(*state, "orders", 1, MR_PAUSE_FULL);
    mr_pauses_add_all(*state, MR_PAUSE_HELD);
    assert_true(paused[0] && paused[1] && paused[2]);
    mr_pauses_drop(*state, "orders", 1, MR_PAUSE_FULL);
    assert_true(paused[1]);
    mr_pauses_drop_all(*state, MR_PAUSE_HELD);
    assert_false(paused[0] || paused[1] || paused[2]);
}

static void fetching_is_told_of_each_call(void **state)
{
    mr_pauses_add(*state, "orders", 1, MR_PAUSE_FULL);
    mr_pauses_add(*state, "orders", 1, MR_PAUSE_HELD);
    assert_int_equal(told_paused, 1);
    mr_pauses_add_all(*state, MR_PAUSE_HELD);
    assert_int_equal(told_paused, 2);
    assert_int_equal(told_resumed, 0);
    mr_pauses_drop_all(*state, MR_PAUSE_HELD);
    assert_int_equal(told_resumed, 1);
}

static void what_rests_for_all_leaves_a_full_one_at_rest(void **state)
{
    mr_pauses_add_all(*state, MR_PAUSE_HELD);
    mr_pauses_add(*state, "orders", 1, MR_PAUSE_FULL);
    mr_pauses_drop_all(*state, MR_PAUSE_HELD);
    assert_true(!paused[0] && paused[1] && !paused[2]);
    mr_pauses_drop(*state, "orders", 1, MR_PAUSE_FULL);
    assert_false(paused[1]);
}

static void a_reason_counts_once(void **state)
{
    mr_pauses_add(*state, "orders", 0, MR_PAUSE_FULL);
    mr_pauses_add(*state, "orders", 0, MR_PAUSE_FULL);
    mr_pauses_drop(*state, "orders", 0, MR_PAUSE_FULL);
    assert_false(paused[0]);
    mr_pauses_drop(*state, "orders", 0, MR_PAUSE_FULL);
    assert_int_equal(calls, 2);
}

static void one_that_was_paused_when_it_left_is_resumed_when_it_is_back(void **state)
{
    mr_pauses_add(*state, "orders", 1, MR_PAUSE_FULL);
    with(*state, 0, 2, mr_pauses_revoked);
    mr_pauses_drop(*state, "orders", 1, MR_PAUSE_FULL); /* ended late: it is not ours */
    assert_true(paused[1]);
    with(*state, 0, 2, mr_pauses_assigned);
    assert_false(paused[1]);
    assert_int_equal(calls, 2); /* none for the one that was not paused */
}

static void what_is_assigned_while_all_rests_rests(void **state)
{
    with(*state, 1, 2, mr_pauses_revoked);
    mr_pauses_add_all(*state, MR_PAUSE_HELD);
    assert_true(paused[0] && !paused[1]);
    with(*state, 1, 1, mr_pauses_assigned);
    assert_true(paused[1] && !paused[2]);
    mr_pauses_drop_all(*state, MR_PAUSE_HELD);
    assert_false(paused[0] || paused[1] || paused[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_partition_rests_until_its_last_reason_is_gone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(fetching_is_told_of_each_call, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_rests_for_all_leaves_a_full_one_at_rest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_reason_counts_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_was_paused_when_it_left_is_resumed_when_it_is_back,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_assigned_while_all_rests_rests, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
