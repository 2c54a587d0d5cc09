#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "a_view.h"
#include "master/health.h"
#include "master/wedge.h"

static void expect_json(struct a_view *a, enum mr_health_question question, const char *expected)
{
    struct mr_buf out = {0};
    mr_health_json(&a->view, question, &out);
    assert_string_equal(mr_buf_text(&out), expected);
    mr_buf_free(&out);
}

static void expect_reason(struct a_view *a, enum mr_health health, bool live)
{
    assert_int_equal(mr_health_of(&a->view, 1), health);
    assert_false(mr_health_well(&a->view, MR_HEALTH_READY));
    assert_false(mr_health_well(&a->view, MR_HEALTH_BOTH));
    assert_int_equal(mr_health_well(&a->view, MR_HEALTH_LIVE), live);
}

static void two_workers_in_their_groups_are_well(void **state)
{
    struct a_view *a = *state;
    expect_json(a, MR_HEALTH_LIVE, "{\"status\":\"ok\",\"reasons\":[]}\n");
    expect_json(a, MR_HEALTH_READY, "{\"status\":\"ok\",\"reasons\":[]}\n");
    expect_json(a, MR_HEALTH_BOTH, "{\"status\":\"ok\",\"reasons\":[]}\n");
}

static void a_worker_that_joins_is_alive_and_not_ready(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].state, MR_WORKER_LOADED);
    expect_reason(a, MR_HEALTH_JOINING, true);
    expect_json(a, MR_HEALTH_LIVE, "{\"status\":\"ok\",\"reasons\":[]}\n");
    expect_json(a, MR_HEALTH_READY,
                "{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":\"joining\","
                "\"message\":\"the worker's consumers are joining their groups\"}]}\n");
    mr_note_write(&a->board.slots[1].joining_note, "10.1.1.1:9092/2: Connection refused");
    expect_json(a, MR_HEALTH_READY,
                "{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":\"joining\","
                "\"message\":\"10.1.1.1:9092/2: Connection refused\"}]}\n");
}

static void transactions_that_stand_still_are_a_reason_and_the_worker_is_ready(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].gauges[MR_TRANSACTIONS_STALLED], 1);
    assert_int_equal(mr_health_of(&a->view, 1), MR_HEALTH_STALLED);
    assert_true(mr_health_well(&a->view, MR_HEALTH_READY));
    assert_true(mr_health_well(&a->view, MR_HEALTH_LIVE));
    assert_false(mr_health_well(&a->view, MR_HEALTH_BOTH));
}

static void an_old_record_without_acknowledgement_is_a_reason_and_the_worker_is_ready(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].gauges[MR_UNACKNOWLEDGED_SECONDS], MR_UNACKNOWLEDGED_S - 1);
    assert_int_equal(mr_health_of(&a->view, 1), MR_HEALTH_OK);
    mr_cell_set(&a->board.slots[1].gauges[MR_UNACKNOWLEDGED_SECONDS], MR_UNACKNOWLEDGED_S);
    assert_int_equal(mr_health_of(&a->view, 1), MR_HEALTH_UNACKNOWLEDGED);
    assert_true(mr_health_well(&a->view, MR_HEALTH_READY));
    assert_false(mr_health_well(&a->view, MR_HEALTH_BOTH));
}

static void a_damaged_partition_is_a_reason_and_the_worker_is_ready(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].gauges[MR_PARTITIONS_DAMAGED], 1);
    assert_int_equal(mr_health_of(&a->view, 1), MR_HEALTH_DAMAGED);
    expect_json(a, MR_HEALTH_READY, "{\"status\":\"ok\",\"reasons\":[]}\n");
    expect_json(a, MR_HEALTH_BOTH,
                "{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":"
                "\"partition_damaged\",\"message\":\"the next batch of a partition is damaged, the "
                "partition waits; the log says where\"}]}\n");
}

static void a_dead_letter_that_cannot_be_written_is_a_reason_and_the_worker_is_ready(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].gauges[MR_DLQ_BLOCKED], 1);
    assert_int_equal(mr_health_of(&a->view, 1), MR_HEALTH_BLOCKED);
    expect_json(a, MR_HEALTH_READY, "{\"status\":\"ok\",\"reasons\":[]}\n");
    expect_json(a, MR_HEALTH_LIVE, "{\"status\":\"ok\",\"reasons\":[]}\n");
    expect_json(a, MR_HEALTH_BOTH,
                "{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":"
                "\"dead_letter_blocked\",\"message\":\"a dead letter cannot be written, its "
                "partition waits; the log says why\"}]}\n");
    mr_note_write(&a->board.slots[1].blocked_note, "set max.message.bytes to 7");
    expect_json(a, MR_HEALTH_BOTH,
                "{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":"
                "\"dead_letter_blocked\",\"message\":\"set max.message.bytes to 7\"}]}\n");
    mr_cell_set(&a->board.slots[1].gauges[MR_DLQ_BLOCKED], 0);
    expect_json(a, MR_HEALTH_BOTH, "{\"status\":\"ok\",\"reasons\":[]}\n");
}

static void scripts_that_fill_the_memory_are_a_reason_with_a_name(void **state)
{
    static const char wanted[] =
        "{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":\"memory\","
        "\"message\":\"scripts fill their memory of 16.0 MiB: or\\\"ders.lua keeps most, 12.5 "
        "MiB; its messages wait, or the worker is replaced\",\"script\":\"or\\\"ders.lua\"}]}\n";
    struct a_view *a = *state;
    struct mr_slot *slot = &a->board.slots[1];
    mr_slot_script(slot, "first.lua");
    mr_slot_script(slot, "or\"ders.lua");
    mr_cell_set(&slot->fullness.script, 2);
    mr_cell_set(&slot->fullness.room, 16 << 20);
    mr_cell_set(&slot->fullness.bytes, 12800 << 10);
    expect_json(a, MR_HEALTH_BOTH, "{\"status\":\"ok\",\"reasons\":[]}\n");
    mr_cell_set(&slot->fullness.full, 1);
    expect_json(a, MR_HEALTH_BOTH, wanted);
    expect_json(a, MR_HEALTH_READY, "{\"status\":\"ok\",\"reasons\":[]}\n");
    expect_json(a, MR_HEALTH_LIVE, "{\"status\":\"ok\",\"reasons\":[]}\n");
    mr_cell_set(&slot->fullness.replaced, a->view.now);
    mr_slot_vacate(slot); /* what comes next may do the same */
    make_well(slot, 203);
    expect_json(a, MR_HEALTH_BOTH, wanted);
    a->view.now += MR_MEMORY_RECENT;
    mr_cell_set(&a->board.slots[0].heartbeat, a->view.now);
    mr_cell_set(&slot->heartbeat, a->view.now);
    expect_json(a, MR_HEALTH_BOTH, "{\"status\":\"ok\",\"reasons\":[]}\n");
}

static void a_name_that_another_member_has_is_a_reason_for_a_while(void **state)
{
    static const char wanted[] =
        "{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":\"fenced\",\"message\":"
        "\"another member has the worker's name shop-1 in a group; the worker goes on under "
        "another name. Give each router its own name\"}]}\n";
    struct a_view *a = *state;
    struct mr_slot *slot = &a->board.slots[1];
    mr_note_write(&slot->membership.lost, "shop-1");
    mr_cell_set(&slot->membership.fenced, a->view.now);
    mr_slot_vacate(slot); /* what comes next tells of it */
    make_well(slot, 203);
    expect_json(a, MR_HEALTH_BOTH, wanted);
    expect_json(a, MR_HEALTH_READY, "{\"status\":\"ok\",\"reasons\":[]}\n");
    a->view.now += MR_FENCED_RECENT;
    mr_cell_set(&a->board.slots[0].heartbeat, a->view.now);
    mr_cell_set(&slot->heartbeat, a->view.now);
    expect_json(a, MR_HEALTH_BOTH, "{\"status\":\"ok\",\"reasons\":[]}\n");
}

static void a_worker_that_serves_nothing_is_not_ready_and_says_why(void **state)
{
    static const struct {
        enum mr_outage trouble;
        enum mr_health health;
    } rows[] = {{MR_OUTAGE_GROUP_DENIED, MR_HEALTH_GROUP_DENIED},
                {MR_OUTAGE_TOPIC_DENIED, MR_HEALTH_TOPIC_DENIED},
                {MR_OUTAGE_COORDINATOR, MR_HEALTH_COORDINATOR},
                {MR_OUTAGE_LEADER, MR_HEALTH_LEADER},
                {MR_OUTAGE_RESPONSES, MR_HEALTH_RESPONSES}};
    struct a_view *a = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mr_cell_set(&a->board.slots[1].trouble, rows[i].trouble);
        expect_reason(a, rows[i].health, true);
        mr_cell_set(&a->board.slots[1].state, MR_WORKER_LOADED); /* more than "joining" */
        expect_reason(a, rows[i].health, true);
        mr_cell_set(&a->board.slots[1].state, MR_WORKER_READY);
    }
    mr_cell_set(&a->board.slots[1].trouble, MR_OUTAGE_TOPIC_DENIED);
    mr_note_write(&a->board.slots[1].trouble_note, "the topic \"orders\" may not be read");
    expect_json(
        a, MR_HEALTH_READY,
        "{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":\"topic_denied\","
        "\"message\":\"the topic \\\"orders\\\" may not be read\"}]}\n");
    mr_cell_set(&a->board.slots[1].trouble, MR_OUTAGE_NONE);
    assert_true(mr_health_well(&a->view, MR_HEALTH_BOTH));
}

static void every_worker_that_is_not_well_is_named(void **state)
{
    struct a_view *a = *state;
    struct mr_buf out = {0};
    mr_slot_vacate(&a->board.slots[0]);
    mr_cell_set(&a->board.slots[1].state, MR_WORKER_STARTING);
    mr_health_text(&a->view, MR_HEALTH_READY, &out);
    assert_string_equal(mr_buf_text(&out),
                        "worker 0: dead: the worker died and waits to be started again\n"
                        "worker 1: starting: the worker is loading its scripts\n");
    mr_buf_free(&out);
}

static void a_dead_worker_is_no_reason_to_start_the_router_anew(void **state)
{
    struct a_view *a = *state;
    mr_slot_vacate(&a->board.slots[1]);
    expect_reason(a, MR_HEALTH_DEAD, true);
}

static void without_a_broker_nobody_is_ready(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].broker, MR_BROKER_DOWN);
    expect_reason(a, MR_HEALTH_BROKER_DOWN, true);
    mr_cell_set(&a->board.slots[1].state, MR_WORKER_LOADED);
    expect_reason(a, MR_HEALTH_BROKER_DOWN, true);
}

static void a_stopping_router_is_not_ready(void **state)
{
    struct a_view *a = *state;
    a->view.stopping = true;
    expect_reason(a, MR_HEALTH_STOPPING, true);
}

static void a_worker_that_stops_by_itself_is_not_ready(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].state, MR_WORKER_STOPPING);
    expect_reason(a, MR_HEALTH_STOPPING, true);
}

static void a_worker_without_a_heartbeat_is_wedged_and_alive_while_it_can_be_killed(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].heartbeat, a->view.now - MR_WEDGED_AFTER + 1);
    assert_true(mr_health_well(&a->view, MR_HEALTH_BOTH));
    mr_cell_set(&a->board.slots[1].heartbeat, a->view.now - MR_WEDGED_AFTER);
    expect_reason(a, MR_HEALTH_WEDGED, true);
    mr_cell_set(&a->board.slots[1].state, MR_WORKER_STARTING);
    expect_reason(a, MR_HEALTH_WEDGED, true);
    mr_cell_set(&a->board.slots[1].heartbeat, a->view.now - MR_WEDGED_STUCK);
    expect_reason(a, MR_HEALTH_STUCK, false);
}

static void a_run_within_its_budget_is_a_sign_of_life(void **state)
{
    struct a_view *a = *state;
    struct mr_slot *slot = &a->board.slots[1];
    mr_cell_set(&slot->heartbeat, a->view.now - MR_WEDGED_STUCK);
    mr_run_begins(&slot->run, 1, a->view.now - MR_WEDGED_STUCK, MR_WEDGED_STUCK);
    assert_true(mr_health_well(&a->view, MR_HEALTH_BOTH));
    mr_run_begins(&slot->run, 2, a->view.now - MR_WEDGED_STUCK, 0);
    assert_true(mr_health_well(&a->view, MR_HEALTH_BOTH));
    mr_run_begins(&slot->run, 3, a->view.now - MR_WEDGED_STUCK, 1000);
    expect_reason(a, MR_HEALTH_STUCK, false);
}

static void a_heartbeat_written_after_the_look_is_fresh(void **state)
{
    struct a_view *a = *state;
    mr_cell_set(&a->board.slots[1].heartbeat, a->view.now + 5);
    assert_true(mr_health_well(&a->view, MR_HEALTH_BOTH));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_view, tear_down_view)
    const struct CMUnitTest tests[] = {
        TEST(two_workers_in_their_groups_are_well),
        TEST(a_worker_that_joins_is_alive_and_not_ready),
        TEST(transactions_that_stand_still_are_a_reason_and_the_worker_is_ready),
        TEST(an_old_record_without_acknowledgement_is_a_reason_and_the_worker_is_ready),
        TEST(a_damaged_partition_is_a_reason_and_the_worker_is_ready),
        TEST(a_dead_letter_that_cannot_be_written_is_a_reason_and_the_worker_is_ready),
        TEST(scripts_that_fill_the_memory_are_a_reason_with_a_name),
        TEST(a_name_that_another_member_has_is_a_reason_for_a_while),
        TEST(a_worker_that_serves_nothing_is_not_ready_and_says_why),
        TEST(every_worker_that_is_not_well_is_named),
        TEST(a_dead_worker_is_no_reason_to_start_the_router_anew),
        TEST(without_a_broker_nobody_is_ready),
        TEST(a_stopping_router_is_not_ready),
        TEST(a_worker_that_stops_by_itself_is_not_ready),
        TEST(a_worker_without_a_heartbeat_is_wedged_and_alive_while_it_can_be_killed),
        TEST(a_run_within_its_budget_is_a_sign_of_life),
        TEST(a_heartbeat_written_after_the_look_is_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
