/* When a partition is full, by how many messages and by how many bytes are at work on it; pausing
 * is counted, not done. */
#include "worker/consumer/fullness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTITIONS = 4, WINDOW = 1000, MB = 1000000 };

struct world {
    struct mr_timers timers;
    struct mr_schedule schedule;
    struct mr_partitions all;
    struct mr_partition *each[PARTITIONS];
    int64_t next; /* offset */
};

static uint64_t now; /* ms */
static bool paused[PARTITIONS];

uint64_t __wrap_mr_clock_ms(void);
uint64_t __wrap_mr_clock_ms(void)
{
    return now;
}

void __wrap_mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t number,
                              enum mr_pause reason);
void __wrap_mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t number,
                              enum mr_pause reason)
{
    (void)consumer, (void)topic;
    assert_int_equal(reason, MR_PAUSE_FULL);
    paused[number] = true;
}

void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason);
void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason)
{
    (void)consumer, (void)topic;
    assert_int_equal(reason, MR_PAUSE_FULL);
    paused[number] = false;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->all.timers = &world->timers;
    world->all.schedule = &world->schedule;
    memset(paused, 0, sizeof(paused));
    now = 1000;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        const struct mr_message message = {.source = "orders", .topic = "orders", .partition = i};
        world->each[i] = mr_partitions_of(&world->all, NULL, &message);
        world->each[i]->most = WINDOW;
    }
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    assert_int_equal(world->all.bytes, 0);
    assert_int_equal(world->all.unhandled_bytes, 0);
    assert_int_equal(world->all.busy, 0);
    mr_partitions_free(&world->all);
    mr_schedule_free(&world->schedule);
    mr_timers_free(&world->timers);
    free(world);
    return 0;
}

static void pass(struct world *world, uint64_t ms)
{
    now += ms;
    mr_timers_run(&world->timers, now);
}

static void begin(struct world *world, int number, size_t size, int count)
{
    for (int i = 0; i < count; i++)
        mr_partition_began(world->each[number], size);
}

static void handle(struct world *world, int number, size_t size, int count)
{
    for (int i = 0; i < count; i++)
        mr_partition_handled(world->each[number], size);
}

static void settle(struct world *world, int number, size_t size, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t sequence = mr_offset_window_open(&world->each[number]->window, ++world->next);
        mr_partition_settled(&world->all, world->each[number], sequence, size, true);
    }
}

static void end(struct world *world, int number, size_t size, int count)
{
    handle(world, number, size, count);
    settle(world, number, size, count);
}

static void a_full_window_is_waited_for_and_then_paused(void **state)
{
    struct world *world = *state;
    begin(world, 0, 1, WINDOW - 1);
    assert_int_equal(world->all.full, 0);
    begin(world, 0, 1, 1);
    assert_int_equal(world->all.full, 1);
    assert_false(paused[0]);
    pass(world, MR_PARTITION_PATIENCE_MS);
    assert_int_equal(world->all.full, 0);
    assert_true(paused[0]);
    end(world, 0, 1, WINDOW / 2 - 1);
    assert_true(paused[0]);
    end(world, 0, 1, 1);
    assert_false(paused[0]);
    end(world, 0, 1, WINDOW / 2);
}

static void one_that_did_not_go_on_in_time_is_paused_at_once(void **state)
{
    struct world *world = *state;
    begin(world, 0, 1, WINDOW);
    pass(world, MR_PARTITION_PATIENCE_MS);
    end(world, 0, 1, WINDOW / 2);
    begin(world, 0, 1, WINDOW / 2);
    assert_true(paused[0]);
    assert_int_equal(world->all.full, 0);
    end(world, 0, 1, WINDOW / 2); /* in time */
    begin(world, 0, 1, WINDOW / 2);
    assert_false(paused[0]);
    assert_int_equal(world->all.full, 1);
    end(world, 0, 1, WINDOW);
}

/* A handler of the partition's takes so many ns. */
static void run(struct world *world, size_t number, uint64_t ns)
{
    struct mr_ready next;
    struct mr_job job = {0};
    mr_schedule_push(&world->schedule, &world->each[number]->flow, &job);
    assert_true(mr_schedule_next(&world->schedule, &next));
    mr_schedule_charge(&world->schedule, ns);
}

static void one_whose_handlers_compute_for_long_is_paused_at_once(void **state)
{
    struct world *world = *state;
    mr_schedule_attach(&world->schedule, &world->each[0]->flow, "orders", 1);
    run(world, 0, 50000000);
    run(world, 0, 50000000);
    begin(world, 0, 1, WINDOW);
    assert_true(paused[0]);
    end(world, 0, 1, WINDOW);
}

static void one_whose_handler_was_interrupted_once_is_waited_for(void **state)
{
    struct world *world = *state;
    mr_schedule_attach(&world->schedule, &world->each[0]->flow, "orders", 1);
    run(world, 0, 20000);
    run(world, 0, 50000000);
    begin(world, 0, 1, WINDOW);
    assert_false(paused[0]);
    end(world, 0, 1, WINDOW);
}

static void patience_with_one_consumer_is_none_with_another(void **state)
{
    struct world *world = *state;
    struct mr_consumer *other = (struct mr_consumer *)world;
    begin(world, 0, 1, WINDOW);
    assert_true(mr_partitions_wait(&world->all, NULL));
    assert_false(mr_partitions_wait(&world->all, other));
    end(world, 0, 1, WINDOW);
    assert_false(mr_partitions_wait(&world->all, NULL));
}

static void large_messages_fill_a_partition_before_its_window_is(void **state)
{
    struct world *world = *state;
    begin(world, 0, MB, 33);
    assert_int_equal(world->all.full, 0);
    begin(world, 0, MB, 1);
    assert_int_equal(world->all.full, 1);
    end(world, 0, MB, 20);
    assert_int_equal(world->all.full, 0);
    pass(world, MR_PARTITION_PATIENCE_MS);
    assert_false(paused[0]);
    begin(world, 0, MB, 20);
    pass(world, MR_PARTITION_PATIENCE_MS);
    assert_true(paused[0]);
    end(world, 0, MB, 34);
    assert_false(paused[0]);
}

static void one_message_beyond_all_bounds_is_handled_by_itself(void **state)
{
    struct world *world = *state;
    begin(world, 0, 500 * MB, 1);
    pass(world, MR_PARTITION_PATIENCE_MS);
    assert_true(paused[0]);
    end(world, 0, 500 * MB, 1);
    assert_false(paused[0]);
}

static void those_with_less_than_their_share_go_on(void **state)
{
    struct world *world = *state;
    begin(world, 1, 1000, 10);
    begin(world, 0, MB, 34);
    pass(world, MR_PARTITION_PATIENCE_MS);
    assert_true(paused[0]);
    begin(world, 1, 1000, 10);
    assert_int_equal(world->all.full, 0);
    begin(world, 1, MB, 17); /* half of what there is */
    assert_int_equal(world->all.full, 1);
    pass(world, MR_PARTITION_PATIENCE_MS);
    assert_true(paused[1]);
    end(world, 1, MB, 17);
    assert_false(paused[1]);
    assert_true(paused[0]);
    end(world, 1, 1000, 20);
    end(world, 0, MB, 34);
    assert_false(paused[0]);
}

static void what_is_handled_counts_until_it_is_settled(void **state)
{
    struct world *world = *state;
    begin(world, 0, MB, 20);
    handle(world, 0, MB, 20);
    assert_int_equal(world->all.unhandled_bytes, 0);
    assert_int_equal(world->all.bytes, 20 * MB);
    begin(world, 0, MB, 20);
    assert_int_equal(world->all.full, 0);
    settle(world, 0, MB, 20);
    mr_partition_handled(world->each[0], MB);
    mr_partition_reopened(world->each[0], MB);
    assert_int_equal(world->all.unhandled_bytes, 20 * MB);
    end(world, 0, MB, 20);
}

static void a_transactional_one_keeps_them_until_they_are_settled(void **state)
{
    struct world *world = *state;
    mr_delivery_become(&world->each[0]->delivery, MR_DELIVERY_EXACTLY_ONCE);
    begin(world, 0, MB, 20);
    handle(world, 0, MB, 20);
    assert_int_equal(world->all.unhandled_bytes, 20 * MB);
    begin(world, 0, MB, 14);
    assert_int_equal(world->all.full, 1);
    settle(world, 0, MB, 34);
    assert_int_equal(world->all.full, 0);
}

static void held_records_crowd_the_worker_until_they_are_gone(void **state)
{
    struct world *world = *state;
    mr_delivery_become(&world->each[0]->delivery, MR_DELIVERY_EXACTLY_ONCE);
    begin(world, 0, 1000, 100);
    for (int i = 0; i < 50; i++)
        mr_partition_holds_record(world->each[0], MB);
    assert_false(mr_partitions_crowded(&world->all));
    mr_partition_holds_record(world->each[0], MB);
    assert_true(mr_partitions_crowded(&world->all));
    assert_int_equal(world->all.full, 0);
    mr_partition_frees_record(world->each[0], MB);
    assert_false(mr_partitions_crowded(&world->all));
    for (int i = 0; i < 50; i++)
        mr_partition_frees_record(world->each[0], MB);
    assert_int_equal(world->all.bytes, 100 * 1000);
    settle(world, 0, 1000, 100);
}

static void a_record_beyond_all_bounds_passes_by_itself(void **state)
{
    struct world *world = *state;
    mr_partition_holds_record(world->each[0], 500 * MB);
    assert_true(mr_partitions_crowded(&world->all));
    mr_partition_frees_record(world->each[0], 500 * MB);
    assert_false(mr_partitions_crowded(&world->all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_that_did_not_go_on_in_time_is_paused_at_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_whose_handlers_compute_for_long_is_paused_at_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_whose_handler_was_interrupted_once_is_waited_for,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(patience_with_one_consumer_is_none_with_another, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_window_is_waited_for_and_then_paused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(large_messages_fill_a_partition_before_its_window_is,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_message_beyond_all_bounds_is_handled_by_itself, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(those_with_less_than_their_share_go_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_handled_counts_until_it_is_settled, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_transactional_one_keeps_them_until_they_are_settled,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(held_records_crowd_the_worker_until_they_are_gone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_record_beyond_all_bounds_passes_by_itself, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
