/* When transactions count as stalled, and what is logged and shown of that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "worker/transaction/stall.h"

static struct mr_slot *slot;
static struct mr_stall stall;
static char logged[512];

void __wrap_mr_log_write(enum mr_log_level level, const char *event,
                         const struct mr_log_field *fields);
void __wrap_mr_log_write(enum mr_log_level level, const char *event,
                         const struct mr_log_field *fields)
{
    size_t length = strlen(logged);
    assert_string_equal(fields[0].name, "message");
    snprintf(logged + length, sizeof(logged) - length, "%s%s: %s\n",
             level == MR_LOG_ERROR ? "error " : "", event, fields[0].text.data);
}

static int set_up(void **state)
{
    (void)state;
    slot = calloc(1, sizeof(*slot));
    stall = (struct mr_stall){0};
    logged[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(slot);
    return 0;
}

static bool is_shown(void)
{
    return mr_cell_get(&slot->gauges[MR_TRANSACTIONS_STALLED]) == 1;
}

/* Looks every 100 ms, as turns do. */
static void look(bool busy, bool held_out, uint64_t from, uint64_t to)
{
    for (uint64_t now = from; now <= to; now += 100)
        mr_stall_look(&stall, slot, busy, held_out, "a broker does not answer", now);
}

static void a_stall_is_logged_once_with_its_reason_and_so_is_its_end(void **state)
{
    (void)state;
    look(true, false, 1000, 1000 + MR_STALL_MS - 100);
    assert_string_equal(logged, "");
    assert_false(is_shown());
    look(true, false, 1000 + MR_STALL_MS, 60000);
    assert_string_equal(logged, "error transactions_stalled: a broker does not answer\n");
    assert_true(is_shown());
    mr_stall_progress(&stall);
    look(true, false, 60100, 61000);
    look(false, false, 61100, 70000);
    assert_string_equal(logged, "error transactions_stalled: a broker does not answer\n"
                                "transactions_resumed: transactions go on\n");
    assert_false(is_shown());
}

static void each_stall_is_logged(void **state)
{
    (void)state;
    for (uint64_t from = 0; from < 40000; from += 10000) {
        look(true, false, from, from + MR_STALL_MS + 100);
        look(false, false, from + MR_STALL_MS + 200, from + 9900);
    }
    assert_int_equal(strlen(logged),
                     4 * strlen("error transactions_stalled: a broker does not answer\n"
                                "transactions_resumed: transactions go on\n"));
}

static void transactions_that_make_progress_now_and_then_do_not_stall(void **state)
{
    (void)state;
    for (uint64_t now = 1000; now < 100000; now += MR_STALL_MS) {
        look(true, false, now, now + MR_STALL_MS - 100);
        mr_stall_progress(&stall);
    }
    assert_string_equal(logged, "");
}

static void where_nothing_is_under_way_nothing_stalls(void **state)
{
    (void)state;
    look(true, false, 1000, 3000);
    look(false, false, 3100, 60000);
    look(true, false, 60100, 60000 + MR_STALL_MS);
    assert_string_equal(logged, "");
    assert_false(is_shown());
}

static void messages_that_are_kept_out_are_a_stall_at_once_until_they_are_let_in(void **state)
{
    (void)state;
    look(false, true, 1000, 1100);
    assert_string_equal(logged, "error transactions_stalled: messages wait for an output topic\n");
    assert_true(is_shown());
    mr_stall_progress(&stall); /* other messages are committed */
    look(true, true, 1200, 30000);
    assert_true(is_shown());
    look(false, false, 30100, 30200);
    assert_string_equal(logged, "error transactions_stalled: messages wait for an output topic\n"
                                "transactions_resumed: transactions go on\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_stall_is_logged_once_with_its_reason_and_so_is_its_end),
        TEST(each_stall_is_logged),
        TEST(transactions_that_make_progress_now_and_then_do_not_stall),
        TEST(where_nothing_is_under_way_nothing_stalls),
        TEST(messages_that_are_kept_out_are_a_stall_at_once_until_they_are_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
