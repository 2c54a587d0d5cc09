/* Records that linger, and partitions of keys, on librdkafka's embedded cluster. */
#include "kafka/producer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
#include <librdkafka/rdkafka.h>
/* and this one that */
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "kafka/endings.h"

struct world {
    rd_kafka_t *handle; /* of the cluster */
    rd_kafka_mock_cluster_t *cluster;
    struct mr_config *config;
    struct mr_producer *producer;
    int wake_fd;
    int opaque;
    size_t delivered;
};

static void on_delivered(void *data, void *opaque, const char *topic, enum mr_sent how,
                         const char *error)
{
    struct world *world = data;
    assert_ptr_equal(opaque, &world->opaque);
    assert_string_equal(topic, "replies");
    assert_int_equal(how, MR_SENT);
    assert_null(error);
    world->delivered++;
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    (void)data, (void)unreachable;
    fail_msg("%s", text);
}

static const struct mr_producer_events events = {.delivered = on_delivered,
                                                 .troubled = on_troubled};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct mr_errors errors = {0};
    world->handle = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
    world->cluster = rd_kafka_mock_cluster_new(world->handle, 1);
    world->config = mr_config_new();
    mr_config_set_text(world->config, "kafka.brokers",
                       rd_kafka_mock_cluster_bootstraps(world->cluster), "test", &errors);
    mr_config_set_text(world->config, "kafka.properties[\"linger.ms\"]", "600000", "test", &errors);
    world->wake_fd = eventfd(0, 0);
    world->producer = mr_producer_new(world->config, world->wake_fd, &events, world, &errors);
    assert_string_equal(mr_errors_text(&errors), "");
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_producer_drop(world->producer);
    mr_producer_free(world->producer);
    assert_true(mr_endings_await(10000));
    mr_config_free(world->config);
    rd_kafka_mock_cluster_destroy(world->cluster);
    rd_kafka_destroy(world->handle);
    close(world->wake_fd);
    free(world);
    return 0;
}

/* The test's time limit is less than they would linger. A flush waits for reports; each is taken,
 * and told, by a poll alone. */
static void what_is_flushed_lingers_no_more_and_is_reported_by_a_poll(void **state)
{
    struct world *world = *state;
    char why[256];
    eventfd_t count;
    const struct mr_outgoing record = {
        .topic = "replies", .value = MR_BYTES("{}"), .partition = MR_PARTITION_ANY};
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            mr_producer_send(world->producer, &record, &world->opaque, why, sizeof(why)), MR_SENT);
    while (world->delivered < 2) {
        size_t before = world->delivered;
        mr_producer_flush(world->producer, 20);
        assert_int_equal(world->delivered, before);
        assert_int_equal(mr_producer_outstanding(world->producer), 2 - before);
        mr_producer_poll(world->producer);
    }
    assert_int_equal(eventfd_read(world->wake_fd, &count), 0); /* it would have woken the loop */
    assert_int_equal(mr_producer_outstanding_bytes(world->producer), 0);
}

/* The partitions of 12 that org.apache.kafka.clients.producer chooses. */
static const struct {
    const char *key;
    int32_t partition;
} java_s[] = {{"customer-1", 9}, {"customer-2", 2}, {"customer-3", 10}, {"customer-4", 1},
              {"customer-5", 6}, {"customer-6", 7}, {"customer-7", 7},  {"", 9}};
enum { KEYS = sizeof(java_s) / sizeof(java_s[0]), PARTITIONS = 12 };

static void send_keys(struct world *world)
{
    char why[256];
    for (size_t i = 0; i < KEYS; i++) {
        const struct mr_outgoing record = {
            .topic = "replies", .key = mr_bytes_of(java_s[i].key), .partition = MR_PARTITION_ANY};
        assert_int_equal(
            mr_producer_send(world->producer, &record, &world->opaque, why, sizeof(why)), MR_SENT);
    }
    while (world->delivered < KEYS) {
        mr_producer_flush(world->producer, 20);
        mr_producer_poll(world->producer);
    }
}

static rd_kafka_t *read_all(const struct world *world)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(world->cluster),
                      NULL, 0);
    rd_kafka_conf_set(conf, "group.id", "readers", NULL, 0);
    rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, NULL, 0);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int32_t i = 0; i < PARTITIONS; i++)
        rd_kafka_topic_partition_list_add(list, "replies", i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    assert_int_equal(rd_kafka_assign(reader, list), 0);
    rd_kafka_topic_partition_list_destroy(list);
    return reader;
}

static int32_t java_partition(const rd_kafka_message_t *message)
{
    for (size_t i = 0; i < KEYS; i++)
        if (strlen(java_s[i].key) == message->key_len &&
            memcmp(java_s[i].key, message->key, message->key_len) == 0)
            return java_s[i].partition;
    return -1;
}

static void keys_have_the_partitions_that_java_gives_them(void **state)
{
    struct world *world = *state;
    rd_kafka_mock_topic_create(world->cluster, "replies", PARTITIONS, 1);
    send_keys(world);
    rd_kafka_t *reader = read_all(world);
    for (size_t i = 0; i < KEYS; i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader, 10000);
        assert_non_null(message);
        assert_int_equal(message->err, 0);
        assert_int_equal(message->partition, java_partition(message));
        rd_kafka_message_destroy(message);
    }
    rd_kafka_destroy(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_flushed_lingers_no_more_and_is_reported_by_a_poll,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_have_the_partitions_that_java_gives_them, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
