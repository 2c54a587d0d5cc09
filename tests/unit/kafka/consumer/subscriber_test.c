/* A member that has lost its id and joins anew: a further topic waits until it has joined, since
 * librdkafka would abort the process. On librdkafka's embedded cluster, whose coordinator lets a
 * member wait for seconds. */
#include "kafka/consumer/subscriber.h"

#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

enum { HEARTBEAT = 12, LIMIT_MS = 30000 };

struct world {
    rd_kafka_t *owner, *handle;
    rd_kafka_mock_cluster_t *cluster;
    struct mr_beats *beats;
    struct mr_subscriber subscriber;
    size_t assignments;
    bool lost;
};

static void on_rebalance(rd_kafka_t *handle, rd_kafka_resp_err_t what,
                         rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct world *world = opaque;
    bool assigned = what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    world->assignments += assigned;
    world->lost = world->lost || rd_kafka_assignment_lost(handle) != 0;
    assert_null(assigned ? rd_kafka_incremental_assign(handle, partitions)
                         : rd_kafka_incremental_unassign(handle, partitions));
    mr_subscriber_further(&world->subscriber);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    assert_int_equal(rd_kafka_conf_set(conf, name, value, why, sizeof(why)), RD_KAFKA_CONF_OK);
}

static rd_kafka_t *make_consumer(struct world *world)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(world->cluster));
    set(conf, "group.id", "group");
    set(conf, "partition.assignment.strategy", "cooperative-sticky");
    set(conf, "session.timeout.ms", "3000");
    set(conf, "heartbeat.interval.ms", "200");
    rd_kafka_conf_set_opaque(conf, world);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    world->beats = mr_beats_new(conf);
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    assert_non_null(handle);
    rd_kafka_poll_set_consumer(handle);
    return handle;
}

static int set_up(void **state)
{
    char why[256];
    struct world *world = calloc(1, sizeof(*world));
    world->owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof(why));
    world->cluster = rd_kafka_mock_cluster_new(world->owner, 1);
    rd_kafka_mock_topic_create(world->cluster, "orders", 1, 1);
    rd_kafka_mock_topic_create(world->cluster, "prices", 1, 1);
    rd_kafka_mock_topic_create(world->cluster, "trades", 1, 1);
    world->handle = make_consumer(world);
    world->subscriber = (struct mr_subscriber){.handle = world->handle, .beats = world->beats};
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    rd_kafka_consumer_close(world->handle);
    mr_subscriber_free(&world->subscriber);
    rd_kafka_destroy(world->handle);
    rd_kafka_mock_cluster_destroy(world->cluster);
    rd_kafka_destroy(world->owner);
    free(world->beats);
    free(world);
    return 0;
}

static const char *const topics[] = {"orders", "prices", "trades"};

/* Wants the topics from `first` on. */
static void want(struct world *world, size_t first, size_t count)
{
    struct mr_errors errors = {0};
    assert_int_equal(mr_subscriber_want(&world->subscriber, topics + first, count, &errors), 0);
}

static void poll_consumer(const struct world *world)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(world->handle, 10);
    if (message != NULL)
        rd_kafka_message_destroy(message);
}

static void await_assignments(const struct world *world, size_t count)
{
    uint64_t ends = mr_clock_ms() + LIMIT_MS;
    while (world->assignments < count && mr_clock_ms() < ends)
        poll_consumer(world);
    assert_true(world->assignments >= count);
}

static bool owns(const struct world *world, const char *topic)
{
    rd_kafka_topic_partition_list_t *owned = NULL;
    assert_int_equal(rd_kafka_assignment(world->handle, &owned), RD_KAFKA_RESP_ERR_NO_ERROR);
    bool owns = rd_kafka_topic_partition_list_find(owned, topic, 0) != NULL;
    rd_kafka_topic_partition_list_destroy(owned);
    return owns;
}

static void await_topic(const struct world *world, const char *topic)
{
    uint64_t ends = mr_clock_ms() + LIMIT_MS;
    while (!owns(world, topic) && mr_clock_ms() < ends)
        poll_consumer(world);
    assert_true(owns(world, topic));
}

/* Joins with the first topics, and loses its id. Returns when the JoinGroup is under way. */
static void lose_membership(struct world *world, size_t count)
{
    want(world, 0, count);
    await_assignments(world, 1);
    rd_kafka_mock_push_request_errors(world->cluster, HEARTBEAT, 1,
                                      RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
    uint64_t ends = mr_clock_ms() + LIMIT_MS;
    while (!(world->lost && atomic_load(&world->beats->joining)) && mr_clock_ms() < ends)
        poll_consumer(world);
    assert_true(world->lost);
}

static void a_topic_that_comes_while_a_lost_member_joins_waits_until_it_has_joined(void **state)
{
    struct world *world = *state;
    lose_membership(world, 1);
    want(world, 0, 2);
    await_topic(world, "prices");
    await_topic(world, "orders");
}

static void a_topic_that_goes_meanwhile_is_given_back_before_the_new_one_comes(void **state)
{
    struct world *world = *state;
    lose_membership(world, 2);
    want(world, 1, 2);
    await_topic(world, "trades");
    await_topic(world, "prices");
    assert_false(owns(world, "orders"));
    assert_null(world->subscriber.next);
}

static void a_member_that_has_never_joined_subscribes_at_once(void **state)
{
    struct world *world = *state;
    want(world, 0, 1);
    want(world, 0, 2);
    assert_null(world->subscriber.next);
    await_topic(world, "prices");
    assert_int_equal(world->assignments, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_topic_that_comes_while_a_lost_member_joins_waits_until_it_has_joined),
        TEST(a_topic_that_goes_meanwhile_is_given_back_before_the_new_one_comes),
        TEST(a_member_that_has_never_joined_subscribes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
