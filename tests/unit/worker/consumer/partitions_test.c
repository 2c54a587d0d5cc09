/* The tenure of a partition, which offsets are stored of it, and which messages it has taken.
 * Pausing is counted, not done. */
#include "worker/consumer/partitions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "worker/consumer/fullness.h"

static const struct mr_message message = {.source = "orders", .topic = "orders", .partition = 3};

struct world {
    struct mr_timers timers;
    struct mr_schedule schedule;
    struct mr_partitions all;
    struct mr_partition *partition;
};

static uint64_t now; /* ms */
static int pauses, resumes;

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
    (void)consumer, (void)topic, (void)number, (void)reason;
    pauses++;
}

void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason);
void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason)
{
    (void)consumer, (void)topic, (void)number, (void)reason;
    resumes++;
}

static int64_t stored, partition_end;

int64_t __wrap_mr_consumer_end(const struct mr_consumer *consumer, const char *topic,
                               int32_t number);
int64_t __wrap_mr_consumer_end(const struct mr_consumer *consumer, const char *topic,
                               int32_t number)
{
    (void)consumer, (void)topic, (void)number;
    return partition_end;
}

void __wrap_mr_consumer_store(struct mr_consumer *consumer, const char *topic, int32_t number,
                              int64_t next);
void __wrap_mr_consumer_store(struct mr_consumer *consumer, const char *topic, int32_t number,
                              int64_t next)
{
    (void)consumer, (void)topic, (void)number;
    stored = next;
}

void __wrap_mr_consumer_commit(struct mr_consumer *consumer);
void __wrap_mr_consumer_commit(struct mr_consumer *consumer)
{
    (void)consumer;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->all.timers = &world->timers;
    world->all.schedule = &world->schedule;
    now = 1000;
    pauses = resumes = 0;
    stored = -1;
    world->partition = mr_partitions_of(&world->all, NULL, &message);
    world->partition->most = 10;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_partitions_free(&world->all);
    mr_schedule_free(&world->schedule);
    mr_timers_free(&world->timers);
    free(world);
    return 0;
}

static void began(struct world *world, int count)
{
    for (int i = 0; i < count; i++)
        mr_partition_began(world->partition, 1);
}

static void handled(struct world *world, int count)
{
    for (int i = 0; i < count; i++)
        mr_partition_handled(world->partition, 1);
}

/* Settles a job that is handled, of a partition that may be freed with it. */
static void settle(struct world *world, struct mr_partition *partition, int64_t offset)
{
    uint64_t sequence = mr_offset_window_open(&partition->window, offset);
    mr_partition_settled(&world->all, partition, sequence, 1, true);
}

/* Its route was removed, or is at-least-once after a reload. */
static void one_that_was_at_most_once_stores_nothing_below_what_it_has_stored(void **state)
{
    struct world *world = *state;
    struct mr_partition *partition = world->partition;
    uint64_t first = mr_offset_window_open(&partition->window, 10);
    uint64_t second = mr_offset_window_open(&partition->window, 11);
    began(world, 2);
    mr_delivery_become(&partition->delivery, MR_DELIVERY_AT_MOST_ONCE);
    partition->taken = 12;
    mr_partitions_store(&world->all);
    assert_int_equal(stored, 12);
    mr_delivery_become(&partition->delivery, MR_DELIVERY_AT_LEAST_ONCE);
    handled(world, 2);
    mr_partition_settled(&world->all, partition, first, 1, true);
    mr_partitions_store(&world->all);
    assert_int_equal(stored, 12);
    mr_partition_settled(&world->all, partition, second, 1, true);
    began(world, 1);
    handled(world, 1);
    mr_partition_settled(&world->all, partition, mr_offset_window_open(&partition->window, 12), 1,
                         true);
    mr_partitions_store(&world->all);
    assert_int_equal(stored, 13);
}

static void what_is_read_again_was_taken_before(void **state)
{
    struct world *world = *state;
    struct mr_partition *partition = world->partition;
    const struct mr_message first = {.offset = 0}, next = {.offset = 12};
    mr_offset_window_done(&partition->window, mr_offset_window_open(&partition->window, 11));
    partition_end = 12;
    assert_true(mr_partition_has(partition, &first));
    assert_false(mr_partition_has(partition, &next));
    partition_end = 11; /* it was created again */
    assert_false(mr_partition_has(partition, &first));
    partition_end = -1; /* nobody knows */
    assert_false(mr_partition_has(partition, &first));
}

static void one_that_leaves_is_let_go_when_it_is_drained(void **state)
{
    struct world *world = *state;
    began(world, 1);
    handled(world, 1);
    mr_partitions_leave(&world->all, NULL, "orders", 3);
    mr_partitions_leave(&world->all, NULL, "orders", 3); /* revoked once more before its answer */
    assert_int_equal(world->partition->tenure, MR_TENURE_LEAVING);
    assert_false(mr_partitions_drained(&world->all, NULL));
    settle(world, world->partition, 7);
    assert_true(mr_partitions_drained(&world->all, NULL));
    mr_partitions_let_go(&world->all, NULL);
    assert_int_equal(stored, 8);
    assert_null(world->all.all);
}

static void one_that_is_lost_stores_nothing_and_is_freed_with_its_last_job(void **state)
{
    struct world *world = *state;
    struct mr_partition *partition = world->partition;
    began(world, 1);
    mr_partitions_lose(&world->all, NULL, "orders", 3);
    assert_int_equal(partition->tenure, MR_TENURE_REVOKED);
    assert_null(mr_partitions_find(&world->all, NULL, "orders", 3));
    handled(world, 1);
    mr_partitions_store(&world->all);
    assert_int_equal(stored, -1);
    settle(world, partition, 7);
    assert_null(world->all.all);
}

static void one_that_comes_back_is_another(void **state)
{
    struct world *world = *state;
    struct mr_partition *before = world->partition;
    began(world, 1);
    mr_partitions_lose(&world->all, NULL, "orders", 3);
    struct mr_partition *after = mr_partitions_of(&world->all, NULL, &message);
    assert_ptr_not_equal(after, before);
    assert_int_equal(after->tenure, MR_TENURE_SERVING);
    handled(world, 1);
    settle(world, before, 7);
    assert_ptr_equal(world->all.all, after);
}

static void one_that_begins_anew_is_resumed_and_leaves_as_before(void **state)
{
    struct world *world = *state;
    struct mr_partition *before = world->partition;
    began(world, 10);
    now += MR_PARTITION_PATIENCE_MS;
    mr_timers_run(&world->timers, now);
    assert_int_equal(pauses, 1);
    mr_partitions_leave(&world->all, NULL, "orders", 3);
    struct mr_partition *after = mr_partitions_restart(&world->all, before, &message);
    assert_int_equal(resumes, 1);
    assert_int_equal(before->tenure, MR_TENURE_OUTLIVED);
    assert_int_equal(after->tenure, MR_TENURE_LEAVING);
    handled(world, 10);
    for (int64_t offset = 7; offset < 17; offset++)
        settle(world, before, offset);
    assert_int_equal(resumes, 1);
    assert_ptr_equal(world->all.all, after);
}

static void one_that_is_lost_in_its_grace_period_is_not_paused(void **state)
{
    struct world *world = *state;
    struct mr_partition *partition = world->partition;
    began(world, 10);
    assert_int_equal(world->all.full, 1);
    mr_partitions_lose(&world->all, NULL, "orders", 3);
    assert_int_equal(world->all.full, 0);
    now += MR_PARTITION_PATIENCE_MS;
    mr_timers_run(&world->timers, now);
    began(world, 1);
    assert_int_equal(pauses, 0);
    assert_int_equal(partition->fullness, MR_FULLNESS_OPEN);
    handled(world, 11);
    for (int64_t offset = 7; offset < 18; offset++)
        settle(world, partition, offset);
}

static void a_consumer_that_has_left_takes_all_its_partitions_along(void **state)
{
    struct world *world = *state;
    struct mr_partition *partition = world->partition;
    began(world, 1);
    assert_false(mr_partitions_forget(&world->all, NULL));
    assert_false(mr_partitions_forget(&world->all, NULL)); /* the job is still at work */
    handled(world, 1);
    settle(world, partition, 7);
    assert_true(mr_partitions_forget(&world->all, NULL));
    assert_null(world->all.all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_that_was_at_most_once_stores_nothing_below_what_it_has_stored),
        TEST(what_is_read_again_was_taken_before),
        TEST(one_that_leaves_is_let_go_when_it_is_drained),
        TEST(one_that_is_lost_stores_nothing_and_is_freed_with_its_last_job),
        TEST(one_that_comes_back_is_another),
        TEST(one_that_begins_anew_is_resumed_and_leaves_as_before),
        TEST(one_that_is_lost_in_its_grace_period_is_not_paused),
        TEST(a_consumer_that_has_left_takes_all_its_partitions_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
