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

static void a_leader_that_cannot_be_reached_is_named(void **state)
{
    (void)state;
    struct mr_errors errors = {0};
    char first[64], why[256] = "";
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(handle, 2);
    const char *all = rd_kafka_mock_cluster_bootstraps(cluster), *comma = strchr(all, ',');
    snprintf(first, sizeof(first), "%.*s", (int)(comma - all), all);
    rd_kafka_mock_topic_create(cluster, "orders", 1, 1);
    rd_kafka_mock_partition_set_leader(cluster, "orders", 0, 2);
    /* It is slow, not down: newer embedded clusters do not name a broker that is down. */
    rd_kafka_mock_broker_set_rtt(cluster, 2, 10000);
    struct mr_config *config = mr_config_new();
    mr_config_set_text(config, "kafka.brokers", first, "test", &errors);
    struct mr_asker *asker = mr_asker_new(config, &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    const struct mr_outgoing record = {
        .topic = "orders", .value = MR_BYTES("{}"), .partition = MR_PARTITION_ANY};
    assert_int_equal(mr_asker_send(asker, &record, 1000, why, sizeof(why)), -1);
    assert_true(mr_asker_silent(asker));
    assert_true(mr_asker_reachable(asker, 5000));
    if (strstr(why, comma + 1) == NULL)
        fail_msg("%s is not in: %s", comma + 1, why);
    mr_asker_free(asker);
    mr_config_free(config);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leader_that_cannot_be_reached_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
