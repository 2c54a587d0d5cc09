/* What is set, read back from librdkafka; and fetching from its embedded cluster with next to no
 * room. */
#include "kafka/prefetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
/* and this one that */
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "kafka/conf.h"

#define TOPIC "orders"

struct world {
    struct mr_config *config;
    struct mr_errors errors;
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->config = mr_config_new();
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_config_free(world->config);
    mr_errors_free(&world->errors);
    free(world);
    return 0;
}

static void give(struct world *world, const char *path, const char *value)
{
    mr_config_set_text(world->config, path, value, "test", &world->errors);
    assert_string_equal(mr_errors_text(&world->errors), "");
}

/* As one of `count` consumers has it. */
static rd_kafka_conf_t *conf_of(struct world *world, size_t count)
{
    rd_kafka_conf_t *conf = mr_kafka_conf(world->config, MR_ROLE_CONSUMER, &world->errors);
    mr_prefetch_limit(conf, world->config, count, &world->errors);
    assert_string_equal(mr_errors_text(&world->errors), "");
    rd_kafka_conf_set(conf, "group.id", "a-group", NULL, 0);
    return conf;
}

static void expect(const rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[64];
    size_t size = sizeof(text);
    assert_int_equal(rd_kafka_conf_get(conf, name, text, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(text, value);
}

static void what_is_fetched_ahead_is_bounded(void **state)
{
    rd_kafka_conf_t *conf = conf_of(*state, 1);
    expect(conf, "queued.max.messages.kbytes", "2048");
    expect(conf, "queued.min.messages", "2000");
    expect(conf, "fetch.max.bytes", "1048576");
    expect(conf, "max.partition.fetch.bytes", "131072");
    if (rd_kafka_version() >= 0x02020000)
        expect(conf, "fetch.queue.backoff.ms", "5");
    rd_kafka_conf_destroy(conf);
}

static void consumers_share_it(void **state)
{
    rd_kafka_conf_t *few = conf_of(*state, 2), *hundred = conf_of(*state, 100);
    expect(few, "queued.max.messages.kbytes", "1024");
    expect(few, "queued.min.messages", "1000");
    expect(hundred, "queued.max.messages.kbytes", "1024");
    expect(hundred, "queued.min.messages", "1000");
    rd_kafka_conf_destroy(few);
    rd_kafka_conf_destroy(hundred);
}

static void what_the_user_says_stays(void **state)
{
    give(*state, "kafka.properties[\"queued.max.messages.kbytes\"]", "65536");
    give(*state, "kafka.properties[\"queued.min.messages\"]", "100000");
    give(*state, "kafka.properties[\"fetch.max.bytes\"]", "52428800");
    rd_kafka_conf_t *conf = conf_of(*state, 4);
    expect(conf, "queued.max.messages.kbytes", "65536");
    expect(conf, "queued.min.messages", "100000");
    expect(conf, "fetch.max.bytes", "52428800");
    rd_kafka_conf_destroy(conf);
}

static void librdkafka_takes_a_largest_message_beyond_our_fetch(void **state)
{
    struct world *world = *state;
    give(world, "kafka.properties[\"message.max.bytes\"]", "10485760");
    rd_kafka_conf_t *conf = conf_of(world, 1);
    expect(conf, "fetch.max.bytes", "10485760");
    rd_kafka_t *handle = mr_kafka_handle(RD_KAFKA_CONSUMER, conf, &world->errors);
    assert_non_null(handle);
    rd_kafka_destroy(handle);
}

/* Fetching. */

enum { MESSAGES = 2000, SIZE = 1000, SLOW_MS = 10000 };

static void fill(rd_kafka_t *producer)
{
    char value[SIZE] = {0};
    for (int i = 0; i < MESSAGES; i++)
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_VALUE(value, sizeof(value)),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal(rd_kafka_flush(producer, SLOW_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static rd_kafka_t *producer_of(rd_kafka_mock_cluster_t *cluster, struct world *world)
{
    give(world, "kafka.brokers", rd_kafka_mock_cluster_bootstraps(cluster));
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster), NULL,
                      0);
    rd_kafka_conf_set(conf, "batch.num.messages", "20", NULL, 0);
    return rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
}

static rd_kafka_t *consumer_of(struct world *world)
{
    rd_kafka_t *handle = mr_kafka_handle(RD_KAFKA_CONSUMER, conf_of(world, 1), &world->errors);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(all, TOPIC, 0)->offset = 0;
    assert_non_null(handle);
    rd_kafka_poll_set_consumer(handle);
    assert_int_equal(rd_kafka_assign(handle, all), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(all);
    return handle;
}

/* Without its being empty again and again for longer than a fetch takes: for most of a second. */
static void take_all(rd_kafka_t *handle)
{
    struct mr_prefetch prefetch = {0};
    int pauses = 0;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(handle);
    mr_prefetch_begin(&prefetch, handle, queue);
    for (int taken = 0; taken < MESSAGES;) {
        uint64_t before = mr_clock_ms();
        rd_kafka_message_t *message = rd_kafka_consumer_poll(handle, SLOW_MS);
        assert_non_null(message);
        assert_int_equal(message->err, RD_KAFKA_RESP_ERR_NO_ERROR);
        pauses += taken++ > 0 && mr_clock_ms() - before > 500;
        assert_true(pauses < 5);
        mr_prefetch_took(&prefetch, message);
        rd_kafka_message_destroy(message);
    }
    rd_kafka_queue_destroy(queue);
}

/* Where it does, it does so each time: a hundred times here. */
static void a_full_queue_does_not_stop_fetching_for_a_second(void **state)
{
    struct world *world = *state;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t *host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(host, 1);
    rd_kafka_mock_topic_create(cluster, TOPIC, 1, 1);
    rd_kafka_t *producer = producer_of(cluster, world);
    give(world, "kafka.properties[\"queued.max.messages.kbytes\"]", "20");
    fill(producer);
    rd_kafka_t *handle = consumer_of(world);
    take_all(handle);
    rd_kafka_destroy(handle);
    rd_kafka_destroy(producer);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_fetched_ahead_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(consumers_share_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_user_says_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(librdkafka_takes_a_largest_message_beyond_our_fetch, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_does_not_stop_fetching_for_a_second, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
