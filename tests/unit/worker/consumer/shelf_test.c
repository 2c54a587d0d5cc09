/* Messages that wait until they are due: what they count for, and when reading rests for them. */
#include "worker/consumer/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/consumer/fullness.h"

enum { PARTITIONS = 2, MB = 1 << 20, ALL = MR_SHELF_BYTES / MB };

struct world {
    struct mr_timers timers;
    struct mr_schedule schedule;
    struct mr_partitions all;
    struct mr_partition *each[PARTITIONS];
};

static bool paused[PARTITIONS];
static int calls;

void __wrap_mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t number,
                              enum mr_pause reason);
void __wrap_mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t number,
                              enum mr_pause reason)
{
    (void)consumer, (void)topic;
    assert_int_equal(reason, MR_PAUSE_SHELF);
    paused[number] = true;
    calls++;
}

void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason);
void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason)
{
    (void)consumer, (void)topic;
    assert_int_equal(reason, MR_PAUSE_SHELF);
    paused[number] = false;
    calls++;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->all.timers = &world->timers;
    world->all.schedule = &world->schedule;
    calls = 0;
    for (int32_t i = 0; i < PARTITIONS; i++) {
        const struct mr_message message = {.source = "a", .topic = "a-retry", .partition = i};
        world->each[i] = mr_partitions_of(&world->all, NULL, &message);
        world->each[i]->most = 10;
    }
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    assert_int_equal(world->all.bytes + world->all.unhandled_bytes + world->all.shelved_bytes, 0);
    assert_int_equal(world->all.busy + world->all.shelves, 0);
    mr_partitions_free(&world->all);
    mr_schedule_free(&world->schedule);
    mr_timers_free(&world->timers);
    free(world);
    return 0;
}

static void put(struct world *world, int number, size_t size, int count)
{
    for (int i = 0; i < count; i++)
        mr_partition_shelve(world->each[number], size);
}

/* They start, and are handled at once. */
static void end(struct world *world, int number, size_t size, int count)
{
    static int64_t offset;
    for (int i = 0; i < count; i++) {
        struct mr_partition *partition = world->each[number];
        mr_partition_take_up(partition, size);
        mr_partition_handled(partition, size);
        mr_partition_settled(&world->all, partition,
                             mr_offset_window_open(&partition->window, ++offset), size, true);
    }
}

static void what_waits_counts_for_no_window(void **state)
{
    struct world *world = *state;
    put(world, 0, 1000, 5000);
    assert_int_equal(calls, 0);
    assert_int_equal(world->each[0]->unhandled, 0);
    assert_int_equal(world->each[0]->jobs, 5000);
    assert_int_equal(world->all.bytes, 0);
    end(world, 0, 1000, 5000);
}

static void a_full_shelf_is_read_no_further_until_it_is_half_empty(void **state)
{
    struct world *world = *state;
    put(world, 0, MB, ALL - 1);
    assert_false(paused[0]);
    put(world, 0, MB, 2);
    assert_true(paused[0]);
    assert_int_equal(calls, 1);
    end(world, 0, MB, ALL / 2);
    mr_shelf_look(&world->all);
    assert_true(paused[0]);
    end(world, 0, MB, 1);
    mr_shelf_look(&world->all);
    assert_false(paused[0]);
    end(world, 0, MB, ALL / 2);
}

static void of_a_full_shelf_whoever_has_less_than_a_share_is_read_on(void **state)
{
    struct world *world = *state;
    put(world, 1, MB, 1);
    put(world, 0, MB, ALL);
    assert_true(paused[0]);
    put(world, 1, MB, ALL / 2 - 2);
    assert_false(paused[1]);
    put(world, 1, MB, 1);
    assert_true(paused[1]);
    end(world, 0, MB, ALL);
    mr_shelf_look(&world->all);
    assert_false(paused[0] || paused[1]);
    end(world, 1, MB, ALL / 2);
}

/* One that could not be moved would fill the window, and crowd the worker, until it is due. */
static void what_is_put_back_counts_for_no_window_again(void **state)
{
    struct world *world = *state;
    struct mr_partition *partition = world->each[0];
    put(world, 0, 2 * MB, 2);
    mr_partition_take_up(partition, 2 * MB);
    mr_partition_handled(partition, 2 * MB);
    mr_partition_put_back(partition, 2 * MB);
    mr_partition_take_up(partition, 2 * MB);
    mr_partition_handled(partition, 2 * MB);
    mr_partition_put_back(partition, 2 * MB);
    assert_int_equal(partition->unhandled, 0);
    assert_int_equal(partition->shelved, 2);
    assert_int_equal(world->all.shelved_bytes, 4 * MB);
    assert_int_equal(world->all.bytes, 0);
    end(world, 0, 2 * MB, 2);
}

static void one_that_is_transactional_does_not_either(void **state)
{
    struct world *world = *state;
    struct mr_partition *partition = world->each[0];
    mr_delivery_become(&partition->delivery, MR_DELIVERY_EXACTLY_ONCE);
    put(world, 0, MB, 1);
    mr_partition_take_up(partition, MB);
    mr_partition_handled(partition, MB);
    mr_partition_put_back(partition, MB);
    assert_int_equal(partition->unhandled, 0);
    end(world, 0, MB, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_counts_for_no_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_shelf_is_read_no_further_until_it_is_half_empty,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_a_full_shelf_whoever_has_less_than_a_share_is_read_on,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_put_back_counts_for_no_window_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_transactional_does_not_either, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
