/* Records on their way to librdkafka's producer, which has no broker here: what it was handed is
 * outstanding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "kafka/endings.h"
#include "worker/consumer/partitions.h"
#include "worker/producer/outbox.h"

static const uint64_t US = 1000, MS = 1000000;

struct world {
    uv_loop_t loop;
    int wake_fd;
    struct mr_timers timers;
    struct mr_slot slot;
    struct mr_config *config;
    struct mr_outbox *outbox;
    struct mr_job job;
    struct mr_partition partition; /* the job's */
    uint64_t now;                  /* ns */
    struct {
        size_t refused, all;
        char topic[600]; /* of the last one refused */
    } reports;
    size_t flushed; /* how often the producer was */
};

static struct world *current;

/* Called on a thread of the pool. */
void __wrap_mr_producer_flush(const struct mr_producer *producer, int timeout);
void __wrap_mr_producer_flush(const struct mr_producer *producer, int timeout)
{
    assert_ptr_equal(producer, mr_outbox_producer(current->outbox));
    assert_true(timeout > 0);
    current->flushed++;
}

static void on_delivered(void *data, struct mr_job *job, const struct mr_report *report)
{
    struct world *world = data;
    assert_ptr_equal(job, &world->job);
    world->reports.all++;
    if (report->how != MR_SENT_DENIED || strcmp(report->error, "the worker is stopping") == 0)
        return;
    world->reports.refused++;
    strncpy(world->reports.topic, report->topic, sizeof(world->reports.topic) - 1);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    (void)data, (void)unreachable, (void)text;
}

static const struct mr_outbox_events events = {on_delivered, on_troubled};

/* For librdkafka, which takes 512 characters. */
static char too_long[514];

static void open_outbox(struct world *world)
{
    struct mr_errors errors = {0};
    world->outbox = mr_outbox_new(world->config, &world->loop, world->wake_fd, &world->timers,
                                  &world->slot, &events, world, &errors);
    assert_non_null(world->outbox);
}

static void close_outbox(struct world *world)
{
    mr_outbox_drop(world->outbox);
    assert_int_equal(world->job.deliveries, 0);
    assert_null(world->partition.dues.first);
    assert_int_equal(world->partition.dues.bytes, 0);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    mr_outbox_free(world->outbox);
    assert_true(mr_endings_await(10000));
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    memset(too_long, 'x', sizeof(too_long) - 1);
    assert_int_equal(uv_loop_init(&world->loop), 0);
    world->wake_fd = eventfd(0, EFD_NONBLOCK);
    world->config = mr_config_new();
    world->job.partition = &world->partition;
    open_outbox(world);
    world->now = 1000 * MS;
    *state = current = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    close_outbox(world);
    mr_config_free(world->config);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    close(world->wake_fd);
    free(world);
    return 0;
}

static enum mr_sent send_to(struct world *world, const char *topic, int32_t partition,
                            uint64_t later)
{
    char why[256];
    const struct mr_outgoing record = {
        .topic = topic, .value = MR_BYTES("{}"), .partition = partition, .timestamp = 0};
    world->now += later;
    return mr_outbox_send(world->outbox, &world->job, MR_FOR_REPLY, &record, world->now, why,
                          sizeof(why));
}

static void send_later(struct world *world, uint64_t later)
{
    assert_int_equal(send_to(world, "replies", -1, later), MR_SENT);
}

/* `out` have been handed to the producer, `kept` are to follow. */
static void assert_out(const struct world *world, size_t out, size_t kept)
{
    assert_int_equal(mr_producer_outstanding(mr_outbox_producer(world->outbox)), out);
    assert_int_equal(mr_outbox_outstanding(world->outbox), out + kept);
    assert_int_equal(world->job.deliveries, out + kept);
}

static void a_record_that_follows_nothing_closely_leaves_at_once(void **state)
{
    struct world *world = *state;
    send_later(world, 0);
    assert_out(world, 1, 0);
    send_later(world, 200 * US);
    assert_out(world, 2, 0);
}

static void those_that_follow_closely_leave_together_when_the_turn_ends(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 20; i++)
        send_later(world, 199 * US);
    assert_out(world, 1, 19);
    mr_outbox_flush(world->outbox);
    assert_out(world, 20, 0);
}

static void those_that_are_kept_leave_before_one_that_does_not_wait(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 3; i++)
        send_later(world, 0);
    assert_out(world, 1, 2);
    send_later(world, 200 * US);
    assert_out(world, 4, 0);
    send_later(world, 0);
    assert_int_equal(send_to(world, "replies", 3, 0), MR_SENT);
    assert_out(world, 6, 0);
}

static void none_is_kept_for_longer_than_twenty_five_milliseconds(void **state)
{
    struct world *world = *state;
    send_later(world, 0);
    for (int i = 0; i <= 249; i++)
        send_later(world, 100 * US);
    send_later(world, 100 * US - 1);
    assert_out(world, 1, 251);
    send_later(world, 1);
    assert_out(world, 253, 0);
}

static void where_the_next_turn_follows_they_wait_for_the_reports_of_those_before(void **state)
{
    struct world *world = *state;
    send_later(world, 0);
    send_later(world, 0);
    mr_outbox_gather(world->outbox, world->now + 25 * MS - 1);
    assert_out(world, 1, 1);
    mr_outbox_gather(world->outbox, world->now + 25 * MS);
    assert_out(world, 2, 0);
}

static void where_the_next_turn_follows_and_nothing_is_under_way_they_leave(void **state)
{
    struct world *world = *state;
    assert_int_equal(send_to(world, too_long, -1, 0), MR_SENT_DENIED);
    send_later(world, 0);
    assert_out(world, 0, 1);
    mr_outbox_gather(world->outbox, world->now);
    assert_out(world, 1, 0);
}

static void one_that_is_refused_among_them_is_reported_and_the_others_leave(void **state)
{
    struct world *world = *state;
    send_later(world, 0);
    send_later(world, 0);
    assert_int_equal(send_to(world, too_long, -1, 0), MR_SENT);
    send_later(world, 0);
    assert_out(world, 1, 3);
    send_later(world, 200 * US); /* within a handler's attempt: nothing is reported */
    assert_int_equal(world->reports.all, 0);
    mr_outbox_flush(world->outbox);
    assert_int_equal(world->reports.refused, 1);
    assert_string_equal(world->reports.topic, too_long);
    assert_out(world, 4, 0);
}

static void one_that_is_refused_at_once_is_not_reported(void **state)
{
    struct world *world = *state;
    assert_int_equal(send_to(world, too_long, -1, 0), MR_SENT_DENIED);
    assert_out(world, 0, 0);
    mr_outbox_flush(world->outbox);
    assert_int_equal(world->reports.all, 0);
}

static void what_only_brokers_write_to_is_refused_before_it_is_sent(void **state)
{
    static const char *const topics[] = {"__consumer_offsets", "__transaction_state",
                                         "__share_group_state"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++)
        assert_int_equal(send_to(world, topics[i], -1, 0), MR_SENT_DENIED);
    struct mr_commit_line line = {0};
    world->job.line = &line; /* it would be held */
    assert_int_equal(send_to(world, topics[0], -1, 0), MR_SENT_DENIED);
    world->job.line = NULL;
    assert_out(world, 0, 0);
}

/* A turn in which `count` records are sent, the first so long after the latest one. */
static void turn(struct world *world, size_t count, uint64_t later)
{
    for (size_t i = 0; i < count; i++)
        send_later(world, i == 0 ? later : US);
    mr_outbox_flush(world->outbox);
    uv_run(&world->loop, UV_RUN_DEFAULT);
}

static void a_few_that_nothing_would_join_are_hurried_once_their_turn_ends(void **state)
{
    struct world *world = *state;
    for (size_t count = 1; count <= 4; count++) {
        turn(world, count, MS);
        assert_int_equal(world->flushed, count);
        mr_outbox_drop(world->outbox);
    }
}

static void one_for_a_partition_by_its_number_is_hurried_as_others_are(void **state)
{
    struct world *world = *state;
    assert_int_equal(send_to(world, "replies", 3, 0), MR_SENT);
    turn(world, 0, 0);
    assert_int_equal(world->flushed, 1);
}

static void more_than_a_few_linger(void **state)
{
    struct world *world = *state;
    turn(world, 5, MS);
    assert_int_equal(world->flushed, 0);
}

static void those_behind_others_that_are_under_way_linger(void **state)
{
    struct world *world = *state;
    turn(world, 1, 0);
    turn(world, 1, MS);
    assert_int_equal(world->flushed, 1);
}

static void those_that_follow_others_within_a_millisecond_linger(void **state)
{
    struct world *world = *state;
    turn(world, 1, 0);
    mr_outbox_drop(world->outbox);
    turn(world, 1, MS - 1);
    assert_int_equal(world->flushed, 1);
}

static void a_turn_that_sends_nothing_hurries_nothing(void **state)
{
    struct world *world = *state;
    turn(world, 1, 0);
    turn(world, 0, 0);
    assert_int_equal(world->flushed, 1);
}

static void set_property(struct mr_config *config, const char *name, const char *value)
{
    struct mr_errors errors = {0};
    char path[64];
    snprintf(path, sizeof(path), "kafka.properties[\"%s\"]", name);
    mr_config_set_text(config, path, value, "test", &errors);
    assert_int_equal(errors.count, 0);
}

static void where_the_configuration_says_for_how_long_all_linger(void **state)
{
    static const char *const names[] = {"linger.ms", "queue.buffering.max.ms"};
    struct world *world = *state;
    for (size_t i = 0; i < 2; i++) {
        close_outbox(world);
        mr_config_free(world->config);
        world->config = mr_config_new();
        set_property(world->config, names[i], "3");
        open_outbox(world);
        turn(world, 1, MS);
        assert_int_equal(world->flushed, 0);
    }
}

static void send_value(struct world *world, size_t size)
{
    char why[256], *value = calloc(1, size);
    const struct mr_outgoing record = {
        .topic = "replies", .value = {value, size}, .partition = MR_PARTITION_ANY};
    assert_int_equal(mr_outbox_send(world->outbox, &world->job, MR_FOR_REPLY, &record, world->now,
                                    why, sizeof(why)),
                     MR_SENT);
    free(value);
}

/* Waiting or with the producer, it is the same. */
static void a_few_large_records_crowd_it_as_many_small_ones_do(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 25; i++)
        send_value(world, 1000000);
    assert_false(mr_outbox_crowded(world->outbox, 0));
    send_value(world, 1000000);
    assert_true(mr_outbox_crowded(world->outbox, 0));
    mr_outbox_drop(world->outbox);
    assert_false(mr_outbox_crowded(world->outbox, 0));
    for (int i = 0; i < 24000; i++)
        send_value(world, 1);
    assert_false(mr_outbox_crowded(world->outbox, 0));
    for (int i = 0; i < 1000; i++)
        send_value(world, 1);
    assert_true(mr_outbox_crowded(world->outbox, 0));
    mr_outbox_flush(world->outbox);
    assert_out(world, 25000, 0);
    assert_true(mr_outbox_crowded(world->outbox, 0));
    mr_outbox_drop(world->outbox);
    assert_false(mr_outbox_crowded(world->outbox, 0));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_record_that_follows_nothing_closely_leaves_at_once),
        TEST(those_that_follow_closely_leave_together_when_the_turn_ends),
        TEST(those_that_are_kept_leave_before_one_that_does_not_wait),
        TEST(none_is_kept_for_longer_than_twenty_five_milliseconds),
        TEST(where_the_next_turn_follows_they_wait_for_the_reports_of_those_before),
        TEST(where_the_next_turn_follows_and_nothing_is_under_way_they_leave),
        TEST(one_that_is_refused_among_them_is_reported_and_the_others_leave),
        TEST(one_that_is_refused_at_once_is_not_reported),
        TEST(what_only_brokers_write_to_is_refused_before_it_is_sent),
        TEST(a_few_that_nothing_would_join_are_hurried_once_their_turn_ends),
        TEST(one_for_a_partition_by_its_number_is_hurried_as_others_are),
        TEST(more_than_a_few_linger),
        TEST(those_behind_others_that_are_under_way_linger),
        TEST(those_that_follow_others_within_a_millisecond_linger),
        TEST(a_turn_that_sends_nothing_hurries_nothing),
        TEST(where_the_configuration_says_for_how_long_all_linger),
        TEST(a_few_large_records_crowd_it_as_many_small_ones_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
