/* What is set, read back from librdkafka; and fetching from its embedded cluster with next to no
 * room. */
#include "kafka/consumer/prefetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
/* and this one that */
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "kafka/conf.h"
#include "kafka/consumer/pauses.h"

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

enum {
    BROKERS = 2,
    PARTITIONS = 3,
    MESSAGES = 2000,
    SIZE = 1000,
    SLOW_MS = 10000,
    FETCH_MS = 100,
    FULL = 100,
    ROUNDS = 20,
    LATE_MS = 300
};
#define FULL_TEXT  "100"
#define FETCH_TEXT "100"

static void fill(rd_kafka_t *producer, int32_t partition, int count)
{
    char value[SIZE] = {0};
    for (int i = 0; i < count; i++)
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(partition),
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

static rd_kafka_topic_partition_list_t *partitions(void)
{
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int32_t i = 0; i < PARTITIONS; i++)
        rd_kafka_topic_partition_list_add(all, TOPIC, i)->offset = 0;
    return all;
}

static rd_kafka_t *consumer_of(struct world *world)
{
    give(world, "kafka.properties[\"fetch.wait.max.ms\"]", FETCH_TEXT);
    rd_kafka_t *handle = mr_kafka_handle(RD_KAFKA_CONSUMER, conf_of(world, 1), &world->errors);
    rd_kafka_topic_partition_list_t *all = partitions();
    assert_non_null(handle);
    rd_kafka_poll_set_consumer(handle);
    assert_int_equal(rd_kafka_assign(handle, all), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(all);
    return handle;
}

/* An embedded cluster with its clients. */
struct stage {
    rd_kafka_t *host, *producer, *consumer;
    rd_kafka_queue_t *queue;
    rd_kafka_mock_cluster_t *cluster;
    struct mr_prefetch prefetch;
};

static void begin(struct stage *stage, struct world *world)
{
    *stage = (struct stage){.host = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0)};
    stage->cluster = rd_kafka_mock_cluster_new(stage->host, BROKERS);
    rd_kafka_mock_topic_create(stage->cluster, TOPIC, PARTITIONS, 1);
    for (int32_t i = 0; i < PARTITIONS; i++)
        rd_kafka_mock_partition_set_leader(stage->cluster, TOPIC, i, i % BROKERS + 1);
    stage->producer = producer_of(stage->cluster, world);
    fill(stage->producer, 0, MESSAGES);
    stage->consumer = consumer_of(world);
    stage->queue = rd_kafka_queue_get_consumer(stage->consumer);
    mr_prefetch_begin(&stage->prefetch, stage->consumer, stage->queue);
}

static void end(struct stage *stage)
{
    mr_prefetch_free(&stage->prefetch);
    rd_kafka_queue_destroy(stage->queue);
    rd_kafka_destroy(stage->consumer);
    rd_kafka_destroy(stage->producer);
    rd_kafka_mock_cluster_destroy(stage->cluster);
    rd_kafka_destroy(stage->host);
}

/* Ends of partitions are passed over, as the consumer does. */
static rd_kafka_message_t *poll_message(struct stage *stage, int wait_ms)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(stage->consumer, wait_ms);
    while (message != NULL && message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        rd_kafka_message_destroy(message);
        message = rd_kafka_consumer_poll(stage->consumer, wait_ms);
    }
    return message;
}

/* Returns the partition of the message that it took, or -1: there was none. */
static int32_t take(struct stage *stage, int wait_ms)
{
    rd_kafka_message_t *message = poll_message(stage, wait_ms);
    if (message == NULL) {
        mr_prefetch_emptied(&stage->prefetch);
        return -1;
    }
    assert_int_equal(message->err, RD_KAFKA_RESP_ERR_NO_ERROR);
    mr_prefetch_took(&stage->prefetch, message);
    int32_t partition = message->partition;
    rd_kafka_message_destroy(message);
    return partition;
}

/* Returns ms until a message of that partition was taken. */
static uint64_t await(struct stage *stage, int32_t partition)
{
    uint64_t began = mr_clock_ms();
    while (take(stage, 1) != partition)
        assert_true(mr_clock_ms() - began < SLOW_MS);
    return mr_clock_ms() - began;
}

/* Without its being empty again and again for longer than a fetch takes: for most of a second.
 * Where it is, it is so each time: a hundred times here. */
static void a_full_queue_does_not_stop_fetching_for_a_second(void **state)
{
    struct stage stage;
    int pauses = 0;
    give(*state, "kafka.properties[\"queued.max.messages.kbytes\"]", "20");
    begin(&stage, *state);
    await(&stage, 0);
    for (int taken = 1; taken < MESSAGES; taken++) {
        uint64_t before = mr_clock_ms();
        assert_int_equal(take(&stage, SLOW_MS), 0);
        pauses += mr_clock_ms() - before > LATE_MS;
        assert_true(pauses < 5);
    }
    end(&stage);
}

static void await_full_queue(const struct stage *stage)
{
    uint64_t began = mr_clock_ms();
    while (rd_kafka_queue_length(stage->queue) < FULL) {
        assert_true(mr_clock_ms() - began < SLOW_MS);
        usleep(1000);
    }
}

/* The queue is full of a backlog's messages, which nobody takes once it rests: librdkafka drops
 * them. Who sleeps for what is left of a second is late in half of the rounds. */
static void a_backlog_that_pauses_stops_no_other_partition_for_a_second(void **state)
{
    struct stage stage;
    int late = 0;
    give(*state, "kafka.properties[\"queued.min.messages\"]", FULL_TEXT);
    begin(&stage, *state);
    struct mr_pauses pauses = {.handle = stage.consumer, .prefetch = &stage.prefetch};
    rd_kafka_topic_partition_list_t *all = partitions();
    mr_pauses_assigned(&pauses, all);
    for (int round = 0; round < ROUNDS; round++) {
        int32_t quiet = 1 + round % (PARTITIONS - 1);
        await_full_queue(&stage);
        mr_pauses_add(&pauses, TOPIC, 0, MR_PAUSE_FULL);
        fill(stage.producer, quiet, 1);
        late += await(&stage, quiet) > LATE_MS;
        mr_pauses_drop(&pauses, TOPIC, 0, MR_PAUSE_FULL);
    }
    assert_in_range(late, 0, ROUNDS / 4);
    rd_kafka_topic_partition_list_destroy(all);
    mr_pauses_free(&pauses);
    end(&stage);
}

/* The same beside one that is taken as it comes. */
static void a_backlog_stops_no_partition_of_another_broker_for_a_second(void **state)
{
    struct stage stage;
    int late = 0;
    give(*state, "kafka.properties[\"queued.min.messages\"]", FULL_TEXT);
    begin(&stage, *state);
    for (int round = 0; round < ROUNDS; round++) {
        int32_t quiet = 1 + round % (PARTITIONS - 1);
        fill(stage.producer, 0, 2 * FULL);
        await_full_queue(&stage);
        fill(stage.producer, quiet, 1);
        late += await(&stage, quiet) > LATE_MS;
    }
    assert_in_range(late, 0, ROUNDS / 4);
    end(&stage);
}

/* Nothing is fetched while all rest, so that every thread sleeps. */
static void what_is_resumed_is_fetched_at_once(void **state)
{
    struct stage stage;
    int late = 0;
    begin(&stage, *state);
    struct mr_pauses pauses = {.handle = stage.consumer, .prefetch = &stage.prefetch};
    rd_kafka_topic_partition_list_t *all = partitions();
    mr_pauses_assigned(&pauses, all);
    for (int round = 0; round < ROUNDS; round++) {
        await(&stage, 0);
        mr_pauses_add_all(&pauses, MR_PAUSE_HELD);
        while (take(&stage, FETCH_MS) != -1)
            ;
        mr_pauses_drop_all(&pauses, MR_PAUSE_HELD);
        late += await(&stage, 0) > LATE_MS;
    }
    assert_in_range(late, 0, ROUNDS / 4);
    rd_kafka_topic_partition_list_destroy(all);
    mr_pauses_free(&pauses);
    end(&stage);
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
        cmocka_unit_test_setup_teardown(a_backlog_that_pauses_stops_no_other_partition_for_a_second,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_backlog_stops_no_partition_of_another_broker_for_a_second,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_resumed_is_fetched_at_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
