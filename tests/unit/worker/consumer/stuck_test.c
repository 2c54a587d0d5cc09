/* Which partitions wait for their output, by what they sent and when it was reported; pausing is
 * counted, not done. */
#include "worker/consumer/stuck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/consumer/fullness.h"
#include "worker/job/parcels.h"

enum { PARTITIONS = 3, RECORDS = 4, RECORD = 500000, JOB = 3000 };

static const uint64_t MS = 1000000;

struct world {
    struct mr_timers timers;
    struct mr_schedule schedule;
    struct mr_partitions all;
    struct mr_partition *each[PARTITIONS];
    struct mr_parcel sent[PARTITIONS][RECORDS];
    uint64_t now; /* ns */
};

static int paused[PARTITIONS];

uint64_t __wrap_mr_clock_ms(void);
uint64_t __wrap_mr_clock_ms(void)
{
    return 1000;
}

void __wrap_mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t number,
                              enum mr_pause reason);
void __wrap_mr_consumer_pause(struct mr_consumer *consumer, const char *topic, int32_t number,
                              enum mr_pause reason)
{
    (void)consumer, (void)topic;
    assert_int_equal(reason, MR_PAUSE_STUCK);
    paused[number]++;
}

void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason);
void __wrap_mr_consumer_resume(struct mr_consumer *consumer, const char *topic, int32_t number,
                               enum mr_pause reason)
{
    (void)consumer, (void)topic;
    assert_int_equal(reason, MR_PAUSE_STUCK);
    paused[number]--;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->all.timers = &world->timers;
    world->all.schedule = &world->schedule;
    world->now = 1000 * MS;
    memset(paused, 0, sizeof(paused));
    for (int32_t i = 0; i < PARTITIONS; i++) {
        const struct mr_message message = {.source = "orders", .topic = "orders", .partition = i};
        world->each[i] = mr_partitions_of(&world->all, NULL, &message);
        world->each[i]->most = 1000;
    }
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    assert_int_equal(world->all.stuck.count, 0);
    assert_int_equal(world->all.stuck.record_bytes, 0);
    assert_int_equal(world->all.stuck.job_bytes, 0);
    mr_partitions_free(&world->all);
    mr_schedule_free(&world->schedule);
    mr_timers_free(&world->timers);
    free(world);
    return 0;
}

static void send_records(struct world *world, int partition, int count)
{
    for (int i = 0; i < count; i++) {
        world->sent[partition][i] = (struct mr_parcel){.sent = world->now, .size = RECORD};
        mr_stuck_sent(world->each[partition], &world->sent[partition][i]);
    }
}

static void report(struct world *world, int partition, int record)
{
    mr_stuck_reported(world->each[partition], &world->sent[partition][record], world->now);
}

static bool look_later(struct world *world, bool crowded, uint64_t later)
{
    world->now += later;
    return mr_stuck_look(&world->all, crowded, world->now);
}

static void assert_paused(int first, int second, int third)
{
    assert_int_equal(paused[0], first);
    assert_int_equal(paused[1], second);
    assert_int_equal(paused[2], third);
}

static void what_is_not_acknowledged_is_stuck_when_too_much_is_on_its_way(void **state)
{
    struct world *world = *state;
    send_records(world, 0, 1);
    assert_false(look_later(world, true, 500 * MS - 1));
    assert_false(look_later(world, false, 1));
    assert_true(look_later(world, true, 0));
    assert_paused(1, 0, 0);
    assert_false(look_later(world, true, 0));
    assert_int_equal(world->all.stuck.record_bytes, RECORD);
    report(world, 0, 0);
    assert_true(look_later(world, false, 0));
    assert_paused(0, 0, 0);
}

static void the_record_that_waits_longest_is_found(void **state)
{
    struct world *world = *state;
    assert_null(mr_stuck_longest(&world->all));
    send_records(world, 1, 2);
    world->now += MS;
    send_records(world, 0, 1);
    assert_ptr_equal(mr_stuck_longest(&world->all), world->each[1]);
    report(world, 1, 0);
    report(world, 1, 1);
    assert_ptr_equal(mr_stuck_longest(&world->all), world->each[0]);
    report(world, 0, 0);
    assert_null(mr_stuck_longest(&world->all));
}

static void a_partition_whose_oldest_records_are_acknowledged_is_not_stuck(void **state)
{
    struct world *world = *state;
    send_records(world, 0, 3);
    world->now += 400 * MS;
    report(world, 0, 0);
    assert_false(look_later(world, true, 400 * MS));
    report(world, 0, 2); /* one behind the oldest */
    assert_true(look_later(world, true, 100 * MS));
    report(world, 0, 1);
    assert_true(look_later(world, true, 0));
}

static void beside_a_stuck_one_those_that_have_much_are_stuck_at_once(void **state)
{
    struct world *world = *state;
    send_records(world, 0, 1);
    look_later(world, true, 500 * MS);
    send_records(world, 1, 3);
    send_records(world, 2, 1);
    look_later(world, false, 500 * MS);
    assert_paused(1, 1, 0);
    report(world, 1, 0);
    assert_true(look_later(world, false, 0)); /* it goes on, and has little */
    assert_paused(1, 0, 0);
    report(world, 0, 0);
    report(world, 1, 1), report(world, 1, 2), report(world, 2, 0);
    look_later(world, false, 0);
    assert_paused(0, 0, 0);
}

static void what_goes_on_again_waits_until_it_has_little(void **state)
{
    struct world *world = *state;
    send_records(world, 0, RECORDS);
    look_later(world, true, 500 * MS);
    report(world, 0, 0);
    assert_false(look_later(world, false, 0));
    report(world, 0, 1);
    assert_true(look_later(world, false, 0));
    report(world, 0, 2), report(world, 0, 3);
}

static void its_messages_do_not_crowd_the_others(void **state)
{
    struct world *world = *state;
    size_t count = MR_PARTITIONS_BYTES / JOB + 1;
    for (size_t i = 0; i < count; i++)
        mr_partition_began(world->each[0], JOB);
    send_records(world, 0, 1);
    assert_true(mr_partitions_crowded(&world->all));
    look_later(world, true, 500 * MS);
    assert_false(mr_partitions_crowded(&world->all));
    for (size_t i = 0; i < 2 * count; i++)
        mr_partition_began(world->each[0], JOB);
    assert_true(mr_partitions_crowded(&world->all)); /* there is an end to it */
    for (size_t i = 0; i < 3 * count; i++) {
        uint64_t sequence = mr_offset_window_open(&world->each[0]->window, (int64_t)i);
        mr_partition_handled(world->each[0], JOB);
        mr_partition_settled(&world->all, world->each[0], sequence, JOB, true);
    }
    report(world, 0, 0);
    look_later(world, false, 0);
}

static void records_held_for_an_output_in_trouble_do_not_crowd_the_others(void **state)
{
    struct world *world = *state;
    mr_partition_began(world->each[0], JOB);
    mr_partition_holds_record(world->each[0], MR_PARTITIONS_BYTES);
    assert_true(mr_partitions_crowded(&world->all));
    assert_false(look_later(world, true, 0));
    world->each[0]->line.troubled = true;
    assert_true(look_later(world, true, 0));
    assert_paused(1, 0, 0);
    assert_false(mr_partitions_crowded(&world->all));
    world->each[0]->line.troubled = false;
    assert_false(look_later(world, false, 0)); /* it has much left */
    mr_partition_frees_record(world->each[0], MR_PARTITIONS_BYTES);
    assert_true(look_later(world, false, 0));
    assert_paused(0, 0, 0);
    uint64_t sequence = mr_offset_window_open(&world->each[0]->window, 0);
    mr_partition_handled(world->each[0], JOB);
    mr_partition_settled(&world->all, world->each[0], sequence, JOB, true);
}

static void one_that_goes_is_counted_until_its_last_job_and_not_resumed(void **state)
{
    struct world *world = *state;
    mr_partition_began(world->each[0], JOB);
    send_records(world, 0, 1);
    look_later(world, true, 500 * MS);
    mr_partitions_lose(&world->all, NULL, "orders", 0);
    assert_false(look_later(world, false, 0));
    report(world, 0, 0);
    uint64_t sequence = mr_offset_window_open(&world->each[0]->window, 0);
    mr_partition_handled(world->each[0], JOB);
    mr_partition_settled(&world->all, world->each[0], sequence, JOB, false);
    assert_int_equal(world->all.stuck.count, 0);
    assert_paused(1, 0,
                  0); /* librdkafka's pause goes with the assignment (kafka/consumer/pauses.h) */
}

static void another_look_is_due_while_there_is_one(void **state)
{
    struct world *world = *state;
    uint64_t due;
    look_later(world, false, 0);
    assert_false(mr_timers_next(&world->timers, &due));
    look_later(world, true, 0);
    assert_true(mr_timers_next(&world->timers, &due));
    assert_true(due <= 1000 + 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_is_not_acknowledged_is_stuck_when_too_much_is_on_its_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_partition_whose_oldest_records_are_acknowledged_is_not_stuck, set_up, tear_down),
        cmocka_unit_test_setup_teardown(beside_a_stuck_one_those_that_have_much_are_stuck_at_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_goes_on_again_waits_until_it_has_little, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(its_messages_do_not_crowd_the_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_goes_is_counted_until_its_last_job_and_not_resumed,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_record_that_waits_longest_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_look_is_due_while_there_is_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            records_held_for_an_output_in_trouble_do_not_crowd_the_others, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
