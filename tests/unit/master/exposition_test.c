#include "a_view.h"
#include "made.h"
#include "master/exposition.h"

static void count(struct mr_slot *slot, const char *topic, enum mr_status status, uint64_t times)
{
    mr_cell_add(&slot->topics[mr_slot_topic(slot, topic)].processed[status], times);
}

static void take(struct mr_slot *slot, const char *topic, enum mr_job_state state, int times)
{
    struct mr_topic_row *row = &slot->topics[mr_slot_topic(slot, topic)];
    for (int i = 0; i < times; i++)
        mr_messages_enter(row, state);
}

static void fill(struct a_view *a)
{
    struct mr_slot *first = &a->board.slots[0], *second = &a->board.slots[1];
    mr_cell_set(&first->counters[MR_MESSAGES_RECEIVED], 7);
    mr_cell_set(&second->counters[MR_MESSAGES_RECEIVED], 5);
    mr_cell_set(&second->counters[MR_RPC_TIMEOUTS], 1);
    mr_cell_set(&first->gauges[MR_MESSAGES_IN_FLIGHT], 2);
    mr_cell_set(&first->gauges[MR_LUA_MEMORY_BYTES], 1024);
    mr_cell_set(&second->gauges[MR_LUA_MEMORY_BYTES], 2048);
    count(first, "orders", MR_STATUS_SUCCESS, 4);
    count(first, "alerts", MR_STATUS_ERROR, 1);
    count(second, "orders", MR_STATUS_SUCCESS, 3);
    take(first, "orders", MR_JOB_QUEUED, 1);
    mr_messages_move(&first->topics[mr_slot_topic(first, "orders")], MR_JOB_QUEUED, MR_JOB_SETTLED);
    take(first, "orders", MR_JOB_RUNNING, 2);
    take(second, "orders", MR_JOB_RUNNING, 1);
    take(second, "orders", MR_JOB_DELAYED, 1);
    take(second, "orders", MR_JOB_SETTLED, 7);
    mr_histogram_observe(&first->histograms[MR_PROCESSING_DURATION], 90000);
    mr_histogram_observe(&second->histograms[MR_PROCESSING_DURATION], 1500000);
    mr_histogram_observe(&second->histograms[MR_PROCESSING_DURATION], 12000000000);
    mr_cell_set(&mr_slot_breaker(first, "payments")->state, MR_BREAKER_CLOSED);
    mr_cell_set(&mr_slot_breaker(second, "payments")->state, MR_BREAKER_OPEN);
    mr_cell_set(&mr_slot_breaker(second, "payments")->rejected, 3);
    mr_cell_set(&mr_slot_script(second, "orders.lua")->bytes, 1000);
    a->view.reloads[MR_RELOAD_OK] = 2;
    a->view.deaths[MR_DEATH_SIGNAL] = 4;
}

static const char golden[] = "tests/unit/master/exposition.txt";

/* The metrics of a small board. */
static struct mr_buf made(void)
{
    void *a = NULL;
    struct mr_buf out = {0};
    assert_int_equal(set_up_view(&a), 0);
    fill(a);
    mr_exposition(&((struct a_view *)a)->view, &out);
    tear_down_view(&a);
    return out;
}

static void a_small_board_reads_as_it_should(void **state)
{
    (void)state;
    assert_made(golden, made);
}

static void expect_line(struct a_view *a, const char *line)
{
    struct mr_buf out = {0};
    mr_exposition(&a->view, &out);
    if (strstr(mr_buf_text(&out), line) == NULL)
        fail_msg("no line \"%s\" in:\n%s", line, mr_buf_text(&out));
    mr_buf_free(&out);
}

static void a_service_whose_name_is_no_metric_name_gets_one(void **state)
{
    struct a_view *a = *state;
    a->view.service = "my-shop.eu";
    expect_line(a, "\nmy_shop_eu_dlq_messages_total 0\n");
    a->view.service = "7eleven";
    expect_line(a, "\n_7eleven_dlq_messages_total 0\n");
}

static void label_values_are_escaped(void **state)
{
    struct a_view *a = *state;
    count(&a->board.slots[0], "a\"b\\c\nd", MR_STATUS_SUCCESS, 1);
    expect_line(a, "{topic=\"a\\\"b\\\\c\\nd\",status=\"success\"} 1\n");
}

static void a_dead_workers_counts_stay_and_its_gauges_go(void **state)
{
    struct a_view *a = *state;
    fill(a);
    mr_slot_vacate(&a->board.slots[0]);
    expect_line(a, "\nshop_messages_received_total 12\n");
    expect_line(a, "\nshop_messages_in_flight 0\n");
    expect_line(a, "\nshop_lua_memory_bytes{worker=\"0\"} 0\n");
    expect_line(a, "\nshop_messages{topic=\"orders\",state=\"running\"} 1\n");
    mr_slot_vacate(&a->board.slots[1]);
    expect_line(a, "\nshop_messages{topic=\"orders\",state=\"running\"} 0\n");
}

static void topics_without_a_row_are_counted_as_other(void **state)
{
    struct a_view *a = *state;
    mr_cell_add(&a->board.slots[1].topics[MR_SLOT_TOPICS - 1].processed[MR_STATUS_ERROR], 6);
    expect_line(a, "{topic=\"other\",status=\"error\"} 6\n");
    mr_messages_enter(&a->board.slots[0].topics[MR_SLOT_TOPICS - 1], MR_JOB_QUEUED);
    expect_line(a, "{topic=\"other\",state=\"queued\"} 1\n");
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_view, tear_down_view)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_board_reads_as_it_should),
        TEST(a_service_whose_name_is_no_metric_name_gets_one),
        TEST(label_values_are_escaped),
        TEST(a_dead_workers_counts_stay_and_its_gauges_go),
        TEST(topics_without_a_row_are_counted_as_other),
    };
    return is_to_write(argc, argv) ? write_made(golden, made)
                                   : cmocka_run_group_tests(tests, NULL, NULL);
}
