#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "a_view.h"
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

static const char golden[] =
    "# HELP shop_messages_received_total Messages taken from Kafka.\n"
    "# TYPE shop_messages_received_total counter\n"
    "shop_messages_received_total 12\n"
    "# HELP shop_messages_processed_total Messages done with, by topic and how they ended.\n"
    "# TYPE shop_messages_processed_total counter\n"
    "shop_messages_processed_total{topic=\"alerts\",status=\"success\"} 0\n"
    "shop_messages_processed_total{topic=\"alerts\",status=\"error\"} 1\n"
    "shop_messages_processed_total{topic=\"alerts\",status=\"dead_letter\"} 0\n"
    "shop_messages_processed_total{topic=\"alerts\",status=\"expired\"} 0\n"
    "shop_messages_processed_total{topic=\"orders\",status=\"success\"} 7\n"
    "shop_messages_processed_total{topic=\"orders\",status=\"error\"} 0\n"
    "shop_messages_processed_total{topic=\"orders\",status=\"dead_letter\"} 0\n"
    "shop_messages_processed_total{topic=\"orders\",status=\"expired\"} 0\n"
    "# HELP shop_message_processing_duration_seconds From taking a message to being done with it, "
    "the acknowledgement of what it sent included.\n"
    "# TYPE shop_message_processing_duration_seconds histogram\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.0001\"} 1\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.00025\"} 1\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.0005\"} 1\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.001\"} 1\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.0025\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.005\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.01\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.025\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.05\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.1\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.25\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"0.5\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"1\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"2.5\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"5\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"10\"} 2\n"
    "shop_message_processing_duration_seconds_bucket{le=\"+Inf\"} 3\n"
    "shop_message_processing_duration_seconds_sum 12.001590000\n"
    "shop_message_processing_duration_seconds_count 3\n"
    "# HELP shop_retry_attempts_total Attempts after the first.\n"
    "# TYPE shop_retry_attempts_total counter\n"
    "shop_retry_attempts_total 0\n"
    "# HELP shop_retry_moves_total Messages that wait long and were written to the end of their "
    "retry topic again.\n"
    "# TYPE shop_retry_moves_total counter\n"
    "shop_retry_moves_total 0\n"
    "# HELP shop_messages_sent_total Records acknowledged by the broker.\n"
    "# TYPE shop_messages_sent_total counter\n"
    "shop_messages_sent_total 0\n"
    "# HELP shop_message_publish_duration_seconds From producing a record to the broker's "
    "acknowledgement.\n"
    "# TYPE shop_message_publish_duration_seconds histogram\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.0001\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.00025\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.0005\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.001\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.0025\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.005\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.01\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.025\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.05\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.1\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.25\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"0.5\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"1\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"2.5\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"5\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"10\"} 0\n"
    "shop_message_publish_duration_seconds_bucket{le=\"+Inf\"} 0\n"
    "shop_message_publish_duration_seconds_sum 0.000000000\n"
    "shop_message_publish_duration_seconds_count 0\n"
    "# HELP shop_dlq_messages_total Messages sent to a dead-letter topic.\n"
    "# TYPE shop_dlq_messages_total counter\n"
    "shop_dlq_messages_total 0\n"
    "# HELP shop_dlq_blocked_partitions Partitions that wait because a dead letter of theirs "
    "cannot be "
    "written.\n"
    "# TYPE shop_dlq_blocked_partitions gauge\n"
    "shop_dlq_blocked_partitions 0\n"
    "# HELP shop_transactions_stalled Workers whose transactions stand still, or keep messages out "
    "that write to a topic without a leader.\n"
    "# TYPE shop_transactions_stalled gauge\n"
    "shop_transactions_stalled 0\n"
    "# HELP shop_active_consumers Consumers that are in their group.\n"
    "# TYPE shop_active_consumers gauge\n"
    "shop_active_consumers 0\n"
    "# HELP shop_active_producers Producers that workers hold.\n"
    "# TYPE shop_active_producers gauge\n"
    "shop_active_producers 0\n"
    "# HELP shop_clients_ending Kafka clients that are being ended; one that stays hangs in "
    "librdkafka.\n"
    "# TYPE shop_clients_ending gauge\n"
    "shop_clients_ending 0\n"
    "# HELP shop_uptime_seconds Since the master started.\n"
    "# TYPE shop_uptime_seconds gauge\n"
    "shop_uptime_seconds 99.250\n"
    "# HELP shop_messages_in_flight Messages taken and not yet done with.\n"
    "# TYPE shop_messages_in_flight gauge\n"
    "shop_messages_in_flight 2\n"
    "# HELP shop_messages Messages consumed and not settled, by topic and state.\n"
    "# TYPE shop_messages gauge\n"
    "shop_messages{topic=\"orders\",state=\"queued\"} 0\n"
    "shop_messages{topic=\"orders\",state=\"delayed\"} 1\n"
    "shop_messages{topic=\"orders\",state=\"running\"} 3\n"
    "# HELP shop_circuit_breaker_state Circuit breakers of scripts, by name and worker: 0 closed, "
    "1 half-open, 2 open.\n"
    "# TYPE shop_circuit_breaker_state gauge\n"
    "shop_circuit_breaker_state{name=\"payments\",worker=\"0\"} 0\n"
    "shop_circuit_breaker_state{name=\"payments\",worker=\"1\"} 2\n"
    "# HELP shop_circuit_breaker_rejected_total Calls that an open circuit breaker refused, by "
    "name "
    "and worker.\n"
    "# TYPE shop_circuit_breaker_rejected_total counter\n"
    "shop_circuit_breaker_rejected_total{name=\"payments\",worker=\"0\"} 0\n"
    "shop_circuit_breaker_rejected_total{name=\"payments\",worker=\"1\"} 3\n"
    "# HELP shop_reloads_total Reloads, by how they ended.\n"
    "# TYPE shop_reloads_total counter\n"
    "shop_reloads_total{result=\"ok\"} 2\n"
    "shop_reloads_total{result=\"failed\"} 0\n"
    "# HELP shop_worker_restarts_total Workers replaced, by how the one before ended.\n"
    "# TYPE shop_worker_restarts_total counter\n"
    "shop_worker_restarts_total{reason=\"signal\"} 4\n"
    "shop_worker_restarts_total{reason=\"exit\"} 0\n"
    "shop_worker_restarts_total{reason=\"budget\"} 0\n"
    "shop_worker_restarts_total{reason=\"wedged\"} 0\n"
    "shop_worker_restarts_total{reason=\"memory\"} 0\n"
    "shop_worker_restarts_total{reason=\"fenced\"} 0\n"
    "# HELP shop_lua_memory_bytes Memory in use by Lua, by worker.\n"
    "# TYPE shop_lua_memory_bytes gauge\n"
    "shop_lua_memory_bytes{worker=\"0\"} 1024\n"
    "shop_lua_memory_bytes{worker=\"1\"} 2048\n"
    "# HELP shop_lua_script_memory_bytes Memory that a script holds, about, by script and "
    "worker.\n"
    "# TYPE shop_lua_script_memory_bytes gauge\n"
    "shop_lua_script_memory_bytes{script=\"orders.lua\",worker=\"1\"} 1000\n"
    "# HELP shop_topics_missing Dead-letter and retry topics that are needed and not there.\n"
    "# TYPE shop_topics_missing gauge\n"
    "shop_topics_missing 0\n"
    "# HELP shop_response_topics_unavailable Response topics that are not read, or only in part, "
    "counted by each worker.\n"
    "# TYPE shop_response_topics_unavailable gauge\n"
    "shop_response_topics_unavailable 0\n"
    "# HELP shop_rpc_pending Requests sent by handlers that wait for their reply.\n"
    "# TYPE shop_rpc_pending gauge\n"
    "shop_rpc_pending 0\n"
    "# HELP shop_rpc_timeouts_total Requests of handlers that got no reply in time.\n"
    "# TYPE shop_rpc_timeouts_total counter\n"
    "shop_rpc_timeouts_total 1\n"
    "# HELP shop_rpc_late_replies_total Replies that came after their request had timed out.\n"
    "# TYPE shop_rpc_late_replies_total counter\n"
    "shop_rpc_late_replies_total 0\n";

static void a_small_board_reads_as_it_should(void **state)
{
    struct a_view *a = *state;
    struct mr_buf out = {0};
    fill(a);
    mr_exposition(&a->view, &out);
    assert_string_equal(mr_buf_text(&out), golden);
    mr_buf_free(&out);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_view, tear_down_view)
    const struct CMUnitTest tests[] = {
        TEST(a_small_board_reads_as_it_should),
        TEST(a_service_whose_name_is_no_metric_name_gets_one),
        TEST(label_values_are_escaped),
        TEST(a_dead_workers_counts_stay_and_its_gauges_go),
        TEST(topics_without_a_row_are_counted_as_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
