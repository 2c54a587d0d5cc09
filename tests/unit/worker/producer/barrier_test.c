/* Which records wait for which after a refusal; and an outbox on librdkafka's embedded cluster. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <librdkafka/rdkafka.h>
/* and this one that */
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/endings.h"
#include "worker/consumer/partitions.h"
#include "worker/producer/barrier.h"
#include "worker/producer/outbox.h"

enum { PARCELS = 4 };

/* Records on their way by one topic or two; each has its letter as its value. */
struct road {
    struct mr_barrier barrier;
    struct mr_parcels parcels;
    struct mr_parcel each[PARCELS];
};

static const char *const letters[] = {"a", "b", "c", "d"};

static struct mr_outgoing record_of(size_t number, const char *topic)
{
    return (struct mr_outgoing){.topic = topic, .value = mr_bytes_of(letters[number])};
}

static void sent(struct road *road, size_t number, const char *topic)
{
    mr_barrier_sent(&road->barrier, &road->each[number], topic);
}

static void reported(struct road *road, size_t number)
{
    mr_barrier_reported(&road->barrier, &road->each[number]);
}

static void refused(struct road *road, size_t number, const char *topic)
{
    const struct mr_outgoing record = record_of(number, topic);
    mr_barrier_refused(&road->barrier, &road->each[number], &record);
}

static void keep(struct road *road, size_t number, const char *topic)
{
    const struct mr_outgoing record = record_of(number, topic);
    mr_barrier_keep(&road->barrier, &road->each[number], &record);
}

/* In this order they may go on. */
static void expect(struct road *road, const char *expected)
{
    char found[PARCELS + 1] = "";
    mr_barrier_release(&road->barrier, &road->parcels, false);
    for (size_t i = 0; road->parcels.first != NULL; i++) {
        struct mr_parcel *parcel = mr_parcels_pop(&road->parcels);
        found[i] = parcel->record->value.data[0];
        free(parcel->record);
    }
    assert_string_equal(found, expected);
}

static void end(struct road *road)
{
    expect(road, "");
    assert_int_equal(road->barrier.count + road->barrier.bytes, 0);
    mr_barrier_free(&road->barrier);
    mr_parcels_free(&road->parcels);
}

static void one_that_is_sent_after_a_refusal_waits_for_all_that_the_producer_has(void **state)
{
    struct road road = {0};
    (void)state;
    sent(&road, 0, "events"), sent(&road, 1, "events"), sent(&road, 2, "events");
    refused(&road, 0, "events");
    keep(&road, 3, "events");
    assert_int_equal(road.barrier.count, 2);
    expect(&road, "a");
    reported(&road, 2);
    expect(&road, "");
    assert_true(mr_barrier_holds(&road.barrier, "events"));
    reported(&road, 1);
    expect(&road, "d");
    assert_false(mr_barrier_holds(&road.barrier, "events"));
    end(&road);
}

static void a_refused_one_waits_for_those_before_it_alone(void **state)
{
    struct road road = {0};
    (void)state;
    sent(&road, 0, "events"), sent(&road, 1, "events"), sent(&road, 2, "events");
    refused(&road, 1, "events");
    expect(&road, "");
    reported(&road, 0);
    expect(&road, "b");
    reported(&road, 2);
    end(&road);
}

static void refused_ones_go_as_they_were_sent_and_before_those_behind_them(void **state)
{
    struct road road = {0};
    (void)state;
    sent(&road, 0, "events"), sent(&road, 1, "events"), sent(&road, 2, "events");
    refused(&road, 1, "events");
    keep(&road, 3, "events");
    refused(&road, 2, "events");
    refused(&road, 0, "events");
    expect(&road, "abcd");
    end(&road);
}

static void those_that_were_let_go_before_are_not_overtaken(void **state)
{
    struct road road = {0};
    (void)state;
    sent(&road, 0, "events"), sent(&road, 1, "events");
    refused(&road, 0, "events");
    mr_barrier_release(&road.barrier, &road.parcels, false);
    road.each[0].single = true; /* and its producer's queue is full */
    refused(&road, 1, "events");
    expect(&road, "a");
    expect(&road, "b");
    end(&road);
}

static void another_topic_is_not_waited_for_and_does_not_wait(void **state)
{
    struct road road = {0};
    (void)state;
    sent(&road, 0, "stalled"), sent(&road, 1, "events"), sent(&road, 2, "events");
    refused(&road, 1, "events");
    assert_false(mr_barrier_holds(&road.barrier, "stalled"));
    reported(&road, 2);
    expect(&road, "b");
    reported(&road, 0);
    end(&road);
}

static void at_the_end_nothing_is_waited_for(void **state)
{
    struct road road = {0};
    (void)state;
    sent(&road, 0, "events"), sent(&road, 1, "events");
    refused(&road, 0, "events");
    mr_barrier_release(&road.barrier, &road.parcels, true);
    reported(&road, 1);
    expect(&road, "a");
    end(&road);
}

struct world {
    rd_kafka_t *handle; /* of the cluster */
    rd_kafka_mock_cluster_t *cluster;
    uv_loop_t loop;
    int wake_fd;
    struct mr_timers timers;
    struct mr_slot slot;
    struct mr_config *config;
    struct mr_outbox *outbox;
    struct mr_job jobs[3]; /* each sends one record */
    struct mr_partition partition;
    char order[8]; /* the records by their job's letter, as they are delivered */
};

static void on_delivered(void *data, struct mr_job *job, const struct mr_report *report)
{
    struct world *world = data;
    const char letter[] = {(char)('a' + (job - world->jobs)), '\0'};
    assert_null(report->error);
    strncat(world->order, letter, sizeof(world->order) - strlen(world->order) - 1);
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    (void)data, (void)unreachable;
    fail_msg("%s", text);
}

static const struct mr_outbox_events events = {on_delivered, on_troubled};

static void set_property(struct world *world, const char *key, const char *value)
{
    struct mr_errors errors = {0};
    mr_config_set_text(world->config, key, value, "test", &errors);
    assert_int_equal(errors.count, 0);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct mr_errors errors = {0};
    world->handle = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
    world->cluster = rd_kafka_mock_cluster_new(world->handle, 1);
    world->config = mr_config_new();
    set_property(world, "kafka.brokers", rd_kafka_mock_cluster_bootstraps(world->cluster));
    set_property(world, "kafka.properties[\"batch.num.messages\"]", "1");
    set_property(world, "kafka.properties[\"retry.backoff.ms\"]", "500");
    uv_loop_init(&world->loop);
    world->wake_fd = eventfd(0, EFD_NONBLOCK);
    for (int i = 0; i < 3; i++)
        world->jobs[i].partition = &world->partition;
    world->outbox = mr_outbox_new(world->config, &world->loop, world->wake_fd, &world->timers,
                                  &world->slot, &events, world, &errors);
    assert_non_null(world->outbox);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_outbox_drop(world->outbox);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    mr_outbox_free(world->outbox);
    assert_true(mr_endings_await(10000));
    assert_int_equal(uv_loop_close(&world->loop), 0);
    mr_config_free(world->config);
    rd_kafka_mock_cluster_destroy(world->cluster);
    rd_kafka_destroy(world->handle);
    close(world->wake_fd);
    free(world);
    return 0;
}

static void send_to(struct world *world, const char *topic, size_t job)
{
    char why[256];
    const struct mr_outgoing record = {.topic = topic, .value = MR_BYTES("{}"), .partition = 0};
    assert_int_equal(mr_outbox_send(world->outbox, &world->jobs[job], MR_FOR_PUBLISH, &record,
                                    mr_clock_ns(), why, sizeof(why)),
                     MR_SENT);
}

static void send_as(struct world *world, size_t job)
{
    send_to(world, "events", job);
}

static void poll_once(struct world *world)
{
    struct pollfd look = {.fd = world->wake_fd, .events = POLLIN};
    eventfd_t count;
    poll(&look, 1, 100);
    eventfd_read(world->wake_fd, &count);
    mr_outbox_poll(world->outbox);
}

static size_t first_has(const struct world *world)
{
    return mr_producer_outstanding(mr_outbox_producer(world->outbox));
}

/* The broker refuses a, which goes again alone. It also puts a record off for as long as a retry
 * takes: b, or a on its second way. The record c, which is sent meanwhile, would be there first. */
static void a_later_record_does_not_overtake_those_that_were_behind_a_refused_one(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_push_request_errors(world->cluster, 0 /* Produce */, 2,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
                                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    send_as(world, 0);
    send_as(world, 1);
    while (first_has(world) > 1)
        poll_once(world);
    send_as(world, 2);
    assert_int_equal(world->jobs[2].deliveries, 1);
    while (mr_outbox_outstanding(world->outbox) > 0)
        poll_once(world);
    assert_int_equal(strlen(world->order), 3);
    assert_int_equal(world->order[2], 'c');
}

/* The broker puts a off for as long as a retry takes and refuses b, which would be there before a.
 */
static void a_refused_record_does_not_overtake_those_that_were_before_it(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_push_request_errors(world->cluster, 0 /* Produce */, 2,
                                      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    send_as(world, 0);
    send_as(world, 1);
    while (first_has(world) > 1)
        poll_once(world);
    send_as(world, 2);
    while (mr_outbox_outstanding(world->outbox) > 0)
        poll_once(world);
    assert_string_equal(world->order, "abc");
}

static void a_refused_record_does_not_wait_for_a_topic_that_nobody_leads(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_topic_create(world->cluster, "stalled", 1, 1);
    rd_kafka_mock_partition_set_leader(world->cluster, "stalled", 0, -1);
    rd_kafka_mock_push_request_errors(world->cluster, 0 /* Produce */, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    send_to(world, "stalled", 0);
    send_as(world, 1);
    while (first_has(world) > 1)
        poll_once(world);
    send_as(world, 2);
    while (mr_outbox_outstanding(world->outbox) > 1)
        poll_once(world);
    assert_string_equal(world->order, "bc");
    rd_kafka_mock_partition_set_leader(world->cluster, "stalled", 0, 1);
    while (mr_outbox_outstanding(world->outbox) > 0)
        poll_once(world);
    assert_string_equal(world->order, "bca");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_sent_after_a_refusal_waits_for_all_that_the_producer_has),
        cmocka_unit_test(a_refused_one_waits_for_those_before_it_alone),
        cmocka_unit_test(refused_ones_go_as_they_were_sent_and_before_those_behind_them),
        cmocka_unit_test(those_that_were_let_go_before_are_not_overtaken),
        cmocka_unit_test(another_topic_is_not_waited_for_and_does_not_wait),
        cmocka_unit_test(at_the_end_nothing_is_waited_for),
        TEST(a_later_record_does_not_overtake_those_that_were_behind_a_refused_one),
        TEST(a_refused_record_does_not_overtake_those_that_were_before_it),
        TEST(a_refused_record_does_not_wait_for_a_topic_that_nobody_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
