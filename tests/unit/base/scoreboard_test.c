#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/scoreboard.h"

static int set_up(void **state)
{
    struct mr_scoreboard *board = calloc(1, sizeof(*board));
    *state = board;
    return mr_scoreboard_create(board, 3);
}

static int tear_down(void **state)
{
    mr_scoreboard_close(*state);
    free(*state);
    return 0;
}

static void what_a_worker_writes_the_master_reads(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_scoreboard worker;
    assert_int_equal(mr_scoreboard_attach(&worker, dup(board->fd)), 0);
    assert_int_equal(worker.slot_count, 3);
    mr_cell_add(&worker.slots[2].counters[MR_MESSAGES_SENT], 5);
    mr_cell_add(&worker.slots[2].counters[MR_MESSAGES_SENT], 2);
    mr_scoreboard_close(&worker);
    assert_int_equal(mr_cell_get(&board->slots[2].counters[MR_MESSAGES_SENT]), 7);
    assert_int_equal(mr_cell_get(&board->slots[1].counters[MR_MESSAGES_SENT]), 0);
}

static void the_descriptor_is_not_inherited(void **state)
{
    struct mr_scoreboard *board = *state;
    assert_true(fcntl(board->fd, F_GETFD) & FD_CLOEXEC);
}

static void a_file_of_another_size_is_no_scoreboard(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_scoreboard other;
    assert_int_equal(ftruncate(board->fd, sizeof(struct mr_slot) + 8), 0);
    assert_int_equal(mr_scoreboard_attach(&other, board->fd), -EINVAL);
    assert_int_equal(mr_scoreboard_attach(&other, -1), -EBADF);
}

static void a_circuit_breaker_keeps_its_row_and_what_it_counted(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_slot *slot = &board->slots[0];
    char name[MR_BREAKER_MAX + 1];
    struct mr_breaker_row *row = mr_slot_breaker(slot, "payments");
    mr_cell_set(&row->state, MR_BREAKER_OPEN);
    mr_cell_set(&row->rejected, 2);
    mr_slot_vacate(slot);
    assert_ptr_equal(mr_slot_breaker(slot, "payments"), row);
    assert_int_equal(mr_cell_get(&row->state), MR_BREAKER_CLOSED);
    assert_int_equal(mr_cell_get(&row->rejected), 2);
    for (int i = 1; i < MR_SLOT_BREAKERS; i++) {
        snprintf(name, sizeof(name), "%0*d", MR_BREAKER_MAX, i);
        assert_string_equal(mr_slot_breaker(slot, name)->name, name);
    }
    assert_null(mr_slot_breaker(slot, "one more"));
    assert_int_equal(mr_slot_breakers(slot), MR_SLOT_BREAKERS);
}

static void a_topic_keeps_its_row(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_slot *slot = &board->slots[0];
    assert_int_equal(mr_slot_topic(slot, "orders"), 0);
    assert_int_equal(mr_slot_topic(slot, "alerts"), 1);
    assert_int_equal(mr_slot_topic(slot, "orders"), 0);
    assert_int_equal(mr_slot_topics(slot), 2);
    assert_string_equal(slot->topics[1].name, "alerts");
}

static void topics_beyond_the_last_row_share_one(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_slot *slot = &board->slots[0];
    char name[32];
    for (int i = 0; i < MR_SLOT_TOPICS - 1; i++) {
        snprintf(name, sizeof(name), "topic-%d", i);
        assert_int_equal(mr_slot_topic(slot, name), i);
    }
    assert_int_equal(mr_slot_topic(slot, "one-more"), MR_SLOT_TOPICS - 1);
    assert_int_equal(mr_slot_topic(slot, "and-another"), MR_SLOT_TOPICS - 1);
    assert_int_equal(mr_slot_topic(slot, "topic-7"), 7);
    assert_int_equal(mr_slot_topics(slot), MR_SLOT_TOPICS - 1);
    assert_string_equal(slot->topics[MR_SLOT_TOPICS - 1].name, "other");
}

static void a_name_longer_than_a_row_counts_as_other(void **state)
{
    struct mr_scoreboard *board = *state;
    char name[400] = {0};
    memset(name, 'x', sizeof(name) - 1);
    assert_int_equal(mr_slot_topic(&board->slots[0], name), MR_SLOT_TOPICS - 1);
    assert_int_equal(mr_slot_topics(&board->slots[0]), 0);
}

static void a_duration_falls_in_the_bucket_whose_bound_it_does_not_pass(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_histogram *histogram = &board->slots[0].histograms[MR_PROCESSING_DURATION];
    uint64_t sum = 0;
    for (size_t i = 0; i < MR_BUCKETS; i++) {
        mr_histogram_observe(histogram, mr_bucket_bounds[i]);
        mr_histogram_observe(histogram, mr_bucket_bounds[i] + 1);
        sum += 2 * mr_bucket_bounds[i] + 1;
    }
    mr_histogram_observe(histogram, 0);
    assert_int_equal(mr_cell_get(&histogram->buckets[0]), 2);
    for (size_t i = 1; i < MR_BUCKETS; i++)
        assert_int_equal(mr_cell_get(&histogram->buckets[i]), 2);
    assert_int_equal(mr_cell_get(&histogram->buckets[MR_BUCKETS]), 1);
    assert_int_equal(mr_cell_get(&histogram->sum), sum);
}

static void a_slot_outlives_its_worker(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_slot *slot = &board->slots[1];
    mr_cell_set(&slot->pid, 4711);
    mr_cell_set(&slot->state, MR_WORKER_READY);
    mr_cell_set(&slot->run.topic, 1);
    mr_cell_set(&slot->gauges[MR_MESSAGES_IN_FLIGHT], 9);
    mr_cell_set(&slot->counters[MR_MESSAGES_RECEIVED], 100);
    mr_cell_add(&slot->topics[mr_slot_topic(slot, "orders")].processed[MR_STATUS_SUCCESS], 99);
    mr_histogram_observe(&slot->histograms[MR_PUBLISH_DURATION], 5);
    mr_slot_vacate(slot);
    assert_int_equal(mr_cell_get(&slot->pid), 0);
    assert_int_equal(mr_cell_get(&slot->state), MR_WORKER_NONE);
    assert_int_equal(mr_cell_get(&slot->run.topic), 0);
    assert_int_equal(mr_cell_get(&slot->gauges[MR_MESSAGES_IN_FLIGHT]), 0);
    assert_int_equal(mr_cell_get(&slot->counters[MR_MESSAGES_RECEIVED]), 100);
    assert_int_equal(mr_slot_topic(slot, "orders"), 0);
    assert_int_equal(mr_cell_get(&slot->topics[0].processed[MR_STATUS_SUCCESS]), 99);
    assert_int_equal(mr_cell_get(&slot->histograms[MR_PUBLISH_DURATION].sum), 5);
}

static void a_new_worker_has_no_messages(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_slot *slot = &board->slots[1];
    struct mr_topic_row *orders = &slot->topics[mr_slot_topic(slot, "orders")];
    struct mr_topic_row *other = &slot->topics[MR_SLOT_TOPICS - 1];
    mr_messages_enter(orders, MR_JOB_QUEUED);
    mr_messages_enter(orders, MR_JOB_QUEUED);
    mr_messages_move(orders, MR_JOB_QUEUED, MR_JOB_RUNNING);
    mr_messages_enter(other, MR_JOB_DELAYED);
    assert_int_equal(mr_messages_in(orders, MR_JOB_QUEUED), 1);
    assert_int_equal(mr_messages_in(orders, MR_JOB_RUNNING), 1);
    mr_slot_vacate(slot);
    assert_int_equal(mr_messages_in(orders, MR_JOB_QUEUED), 0);
    assert_int_equal(mr_messages_in(orders, MR_JOB_RUNNING), 0);
    assert_int_equal(mr_messages_in(other, MR_JOB_DELAYED), 0);
    assert_true(mr_messages_seen(orders, MR_JOB_RUNNING));
    assert_true(mr_messages_seen(other, MR_JOB_DELAYED));
    assert_false(mr_messages_seen(orders, MR_JOB_DELAYED));
    mr_messages_enter(orders, MR_JOB_RUNNING);
    assert_int_equal(mr_messages_in(orders, MR_JOB_RUNNING), 1);
}

static void who_filled_the_memory_is_known_after_its_worker(void **state)
{
    struct mr_scoreboard *board = *state;
    struct mr_slot *slot = &board->slots[1];
    char longest[MR_SCRIPT_MAX + 2];
    assert_string_equal(mr_slot_fullest(slot), "");
    assert_ptr_equal(mr_slot_script(slot, "a.lua"), &slot->scripts[0]);
    assert_ptr_equal(mr_slot_script(slot, "b.lua"), &slot->scripts[1]);
    assert_ptr_equal(mr_slot_script(slot, "a.lua"), &slot->scripts[0]);
    assert_int_equal(mr_slot_scripts(slot), 2);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(mr_slot_script(slot, longest));
    mr_cell_set(&slot->scripts[1].bytes, 1000);
    mr_cell_set(&slot->fullness.script, 2);
    mr_cell_set(&slot->fullness.full, 1);
    mr_cell_set(&slot->fullness.replaced, 5);
    mr_slot_vacate(slot);
    assert_string_equal(mr_slot_fullest(slot), "b.lua");
    assert_int_equal(mr_cell_get(&slot->fullness.full), 0);
    assert_int_equal(mr_cell_get(&slot->fullness.replaced), 5);
    assert_int_equal(mr_cell_get(&slot->scripts[1].bytes), 0);
    mr_cell_set(&slot->fullness.script, UINT64_MAX);
    assert_string_equal(mr_slot_fullest(slot), "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_a_worker_writes_the_master_reads),
        TEST(the_descriptor_is_not_inherited),
        TEST(a_file_of_another_size_is_no_scoreboard),
        TEST(a_circuit_breaker_keeps_its_row_and_what_it_counted),
        TEST(a_topic_keeps_its_row),
        TEST(topics_beyond_the_last_row_share_one),
        TEST(a_name_longer_than_a_row_counts_as_other),
        TEST(a_duration_falls_in_the_bucket_whose_bound_it_does_not_pass),
        TEST(a_slot_outlives_its_worker),
        TEST(a_new_worker_has_no_messages),
        TEST(who_filled_the_memory_is_known_after_its_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
