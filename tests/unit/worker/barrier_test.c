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
#include "worker/barrier.h"
#include "worker/outbox.h"
#include "worker/partitions.h"

static void what_the_producer_had_at_the_refusal_is_waited_for_and_nothing_later(void **state)
{
    struct mr_barrier barrier = {0};
    struct mr_parcel earlier = {0}, later = {0};
    (void)state;
    mr_barrier_stamp(&barrier, &earlier);
    uint32_t refusal = mr_barrier_raise(&barrier, 2);
    mr_barrier_stamp(&barrier, &later);
    assert_true(mr_barrier_holds(&barrier, refusal));
    assert_false(mr_barrier_holds(&barrier, 0)); /* no batch of that topic was refused */
    mr_barrier_reported(&barrier, &later);
    mr_barrier_reported(&barrier, &earlier);
    assert_true(mr_barrier_holds(&barrier, refusal));
    mr_barrier_reported(&barrier, &earlier);
    assert_false(mr_barrier_holds(&barrier, refusal));
}

static void a_second_refusal_holds_the_topic_of_the_first_one_too(void **state)
{
    struct mr_barrier barrier = {0};
    (void)state;
    uint32_t first = mr_barrier_raise(&barrier, 1), second = mr_barrier_raise(&barrier, 3);
    assert_true(mr_barrier_holds(&barrier, first));
    assert_true(mr_barrier_holds(&barrier, second));
    barrier.before = 0;
    uint32_t third = mr_barrier_raise(&barrier, 1);
    assert_false(mr_barrier_holds(&barrier, second)); /* that one is over */
    assert_true(mr_barrier_holds(&barrier, third));
}

static void a_refusal_with_nothing_behind_it_holds_nobody(void **state)
{
    struct mr_barrier barrier = {0};
    (void)state;
    assert_false(mr_barrier_holds(&barrier, mr_barrier_raise(&barrier, 0)));
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

static void send_as(struct world *world, size_t job)
{
    char why[256];
    const struct mr_outgoing record = {.topic = "events", .value = MR_BYTES("{}"), .partition = 0};
    assert_int_equal(mr_outbox_send(world->outbox, &world->jobs[job], MR_FOR_PUBLISH, &record,
                                    mr_clock_ns(), why, sizeof(why)),
                     MR_SENT);
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

/* The broker refuses a, which goes again alone, and puts b off for as long as a retry takes. The
 * record c, which is sent meanwhile, would be there before b. */
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
    assert_string_equal(world->order, "abc");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_producer_had_at_the_refusal_is_waited_for_and_nothing_later),
        cmocka_unit_test(a_second_refusal_holds_the_topic_of_the_first_one_too),
        cmocka_unit_test(a_refusal_with_nothing_behind_it_holds_nobody),
        TEST(a_later_record_does_not_overtake_those_that_were_behind_a_refused_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
