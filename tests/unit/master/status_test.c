#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "a_view.h"
#include "master/status.h"

static void fill(struct a_view *a)
{
    struct mr_slot *slot = &a->board.slots[0];
    mr_cell_set(&slot->counters[MR_MESSAGES_RECEIVED], 12);
    mr_cell_set(&slot->counters[MR_MESSAGES_SENT], 8);
    mr_cell_set(&slot->gauges[MR_MESSAGES_IN_FLIGHT], 2);
    mr_cell_set(&slot->gauges[MR_OLDEST_HANDLER_SECONDS], 75);
    mr_cell_set(&slot->gauges[MR_ACTIVE_CONSUMERS], 1);
    mr_cell_set(&slot->gauges[MR_LUA_MEMORY_BYTES], 3 << 19);
    mr_cell_add(&slot->topics[mr_slot_topic(slot, "orders")].processed[MR_STATUS_SUCCESS], 9);
    mr_cell_add(&slot->topics[mr_slot_topic(slot, "orders")].processed[MR_STATUS_ERROR], 1);
    mr_slot_topic(slot, "alerts");
    struct mr_topic_row *orders = &slot->topics[mr_slot_topic(slot, "orders")];
    mr_messages_enter(orders, MR_JOB_RUNNING);
    mr_messages_enter(orders, MR_JOB_RUNNING);
    mr_messages_enter(orders, MR_JOB_DELAYED);
    mr_messages_enter(orders, MR_JOB_QUEUED);
    mr_messages_move(orders, MR_JOB_QUEUED, MR_JOB_SETTLED);
    mr_note_write(&slot->membership.name, "host-0");
    mr_slot_vacate(&a->board.slots[1]);
    a->view.reloads[MR_RELOAD_FAILED] = 1;
}

static void json_has_the_router_its_workers_and_topics(void **state)
{
    struct a_view *a = *state;
    struct mr_buf out = {0};
    fill(a);
    mr_status_json(&a->view, &out);
    assert_string_equal(
        mr_buf_text(&out),
        "{\"service\":\"shop\",\"version\":\"1.2.3\",\"pid\":200,\"uptime_seconds\":99,"
        "\"generation\":3,\"reloads\":{\"ok\":0,\"failed\":1},"
        "\"health\":{\"status\":\"unavailable\",\"reasons\":[{\"worker\":1,\"reason\":\"dead\","
        "\"message\":\"the worker died and waits to be started again\"}]},"
        "\"workers\":[{\"slot\":0,\"pid\":201,\"state\":\"ready\",\"broker\":\"up\","
        "\"generation\":3,\"uptime_seconds\":98,\"restarts\":0,\"messages_in_flight\":2,"
        "\"oldest_handler_seconds\":75,"
        "\"messages_received\":12,\"messages_processed\":10,\"messages_sent\":8,"
        "\"active_consumers\":1,\"lua_memory_bytes\":1572864,\"instance\":\"host-0\"},"
        "{\"slot\":1,\"pid\":0,\"state\":\"dead\",\"broker\":\"unknown\",\"generation\":0,"
        "\"uptime_seconds\":0,\"restarts\":4,\"messages_in_flight\":0,"
        "\"oldest_handler_seconds\":0,\"messages_received\":0,"
        "\"messages_processed\":0,\"messages_sent\":0,\"active_consumers\":0,"
        "\"lua_memory_bytes\":0}],"
        "\"topics\":[{\"topic\":\"alerts\",\"success\":0,\"error\":0,\"dead_letter\":0,"
        "\"expired\":0,\"messages\":{}},"
        "{\"topic\":\"orders\",\"success\":9,\"error\":1,\"dead_letter\":0,"
        "\"expired\":0,\"messages\":{\"delayed\":1,\"running\":2}}]}\n");
    mr_buf_free(&out);
}

static void text_has_a_line_a_worker_and_says_what_is_wrong(void **state)
{
    struct a_view *a = *state;
    struct mr_buf out = {0};
    fill(a);
    mr_status_text(&a->view, &out);
    const char *text = mr_buf_text(&out);
    assert_non_null(strstr(text, "shop: moonroute 1.2.3, pid 200, up 1 min 39 s, generation 3, "
                                 "reloads: 0 done, 1 refused\n"));
    assert_non_null(strstr(text, "\n0       201       ready     up                3  1 min 38 s"));
    assert_non_null(strstr(text, "\n1       -         dead      unknown           0  -"));
    assert_non_null(strstr(text, "EXPIRED  MESSAGES\nalerts  "));
    assert_non_null(strstr(text, "  -\norders  "));
    assert_non_null(strstr(text, "           0  1 delayed, 2 running\n"));
    assert_non_null(strstr(text, "\nnot ready:\nworker 1: dead: "));
    mr_buf_free(&out);
}

static void a_slot_with_nonsense_in_it_is_shown_as_unknown(void **state)
{
    struct a_view *a = *state;
    struct mr_buf out = {0};
    mr_cell_set(&a->board.slots[0].state, 4711);
    mr_cell_set(&a->board.slots[0].broker, UINT64_MAX);
    mr_cell_set(&a->board.slots[0].topics_used, UINT64_MAX);
    mr_status_json(&a->view, &out);
    assert_non_null(strstr(mr_buf_text(&out), "\"state\":\"unknown\",\"broker\":\"unknown\""));
    mr_buf_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_view, tear_down_view)
    const struct CMUnitTest tests[] = {
        TEST(json_has_the_router_its_workers_and_topics),
        TEST(text_has_a_line_a_worker_and_says_what_is_wrong),
        TEST(a_slot_with_nonsense_in_it_is_shown_as_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
