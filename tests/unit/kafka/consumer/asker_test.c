/* A leader that cannot be reached, although another broker answers. */
#include "kafka/consumer/asker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <librdkafka/rdkafka.h>
/* and this one that */
#include <librdkafka/rdkafka_mock.h>

struct world {
    rd_kafka_t *handle;
    rd_kafka_mock_cluster_t *cluster;
    struct mr_config *config;
    struct mr_asker *asker;
    const char *slow; /* the address of the leader of "orders" */
};

static int set_up(void **state)
{
    static struct world world;
    struct mr_errors errors = {0};
    char first[64];
    world.handle = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
    world.cluster = rd_kafka_mock_cluster_new(world.handle, 2);
    const char *all = rd_kafka_mock_cluster_bootstraps(world.cluster), *comma = strchr(all, ',');
    snprintf(first, sizeof(first), "%.*s", (int)(comma - all), all);
    world.slow = comma + 1;
    rd_kafka_mock_topic_create(world.cluster, "orders", 1, 1);
    rd_kafka_mock_partition_set_leader(world.cluster, "orders", 0, 2);
    /* It is slow, not down: newer embedded clusters do not name a broker that is down. */
    rd_kafka_mock_broker_set_rtt(world.cluster, 2, 10000);
    world.config = mr_config_new();
    mr_config_set_text(world.config, "kafka.brokers", first, "test", &errors);
    world.asker = mr_asker_new(world.config, &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_asker_free(world->asker);
    mr_config_free(world->config);
    rd_kafka_mock_cluster_destroy(world->cluster);
    rd_kafka_destroy(world->handle);
    return 0;
}

static void assert_named(const struct world *world, const char *why)
{
    assert_true(mr_asker_silent(world->asker));
    if (strstr(why, world->slow) == NULL)
        fail_msg("%s is not in: %s", world->slow, why);
}

static void a_leader_that_cannot_be_reached_is_named(void **state)
{
    struct world *world = *state;
    char why[256] = "";
    const struct mr_outgoing record = {
        .topic = "orders", .value = MR_BYTES("{}"), .partition = MR_PARTITION_ANY};
    assert_int_equal(mr_asker_send(world->asker, &record, 1000, why, sizeof(why)), -1);
    assert_true(mr_asker_reachable(world->asker, 5000));
    assert_named(world, why);
}

static void one_that_cannot_be_read_from_is_named_too(void **state)
{
    struct world *world = *state;
    char why[256] = "";
    assert_int_equal(mr_asker_listen(world->asker, "orders", 1000, why, sizeof(why)), -1);
    assert_named(world, why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_leader_that_cannot_be_reached_is_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_that_cannot_be_read_from_is_named_too, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
