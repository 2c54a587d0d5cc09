/* Against librdkafka's embedded cluster, which says that a transaction is open, or answers with an
 * error, when it is told to. */
#include "kafka/consumer/starts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these first */
#include <cmocka.h>
/* and this one that */
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "panics.h"

enum {
    LIST_OFFSETS = 2,
    OFFSET_FETCH = 9,
    COMMITTED = 7,
    RECORDS = 3, /* of the second partition, of which nothing is committed */
    TICK_MS = 10,
    PATIENCE_MS = 20000,
};

#define GROUP "starts-group"
#define TOPIC "orders"

struct world {
    rd_kafka_t *cluster_handle;
    rd_kafka_mock_cluster_t *cluster;
    rd_kafka_t *handle;
    rd_kafka_topic_partition_list_t *wanted; /* two, of which the first has an offset */
    struct mr_timers timers;
    struct mr_starts starts;
};

static void drop_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle, (void)level, (void)facility, (void)text;
}

static rd_kafka_t *make_with(rd_kafka_type_t type, const char *brokers, const char *reset)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, drop_log);
    rd_kafka_conf_set(conf, "auto.offset.reset", reset, why, sizeof(why));
    if (brokers != NULL) {
        rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why));
        rd_kafka_conf_set(conf, "group.id", GROUP, why, sizeof(why));
    }
    rd_kafka_t *handle = rd_kafka_new(type, conf, why, sizeof(why));
    assert_non_null(handle);
    return handle;
}

static rd_kafka_t *make(rd_kafka_type_t type, const char *brokers)
{
    return make_with(type, brokers, "earliest");
}

static void fill(const char *brokers)
{
    char value[] = "a record";
    rd_kafka_t *producer = make(RD_KAFKA_PRODUCER, brokers);
    for (int i = 0; i < RECORDS; i++)
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(TOPIC), RD_KAFKA_V_PARTITION(1),
                          RD_KAFKA_V_VALUE(value, sizeof(value)), RD_KAFKA_V_END);
    assert_int_equal(rd_kafka_flush(producer, PATIENCE_MS), 0);
    rd_kafka_destroy(producer);
}

static void commit(struct world *world, int64_t offset)
{
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(offsets, TOPIC, 0)->offset = offset;
    assert_int_equal(rd_kafka_commit(world->handle, offsets, 0), 0);
    rd_kafka_topic_partition_list_destroy(offsets);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    world->cluster_handle = make(RD_KAFKA_PRODUCER, NULL);
    world->cluster = rd_kafka_mock_cluster_new(world->cluster_handle, 2);
    rd_kafka_mock_topic_create(world->cluster, TOPIC, 2, 1);
    fill(rd_kafka_mock_cluster_bootstraps(world->cluster));
    world->handle = make(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(world->cluster));
    world->wanted = rd_kafka_topic_partition_list_new(2);
    rd_kafka_topic_partition_list_add(world->wanted, TOPIC, 0);
    rd_kafka_topic_partition_list_add(world->wanted, TOPIC, 1);
    commit(world, COMMITTED);
    mr_starts_init(&world->starts, world->handle, GROUP, &world->timers);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_starts_free(&world->starts);
    mr_timers_free(&world->timers);
    rd_kafka_topic_partition_list_destroy(world->wanted);
    rd_kafka_destroy(world->handle);
    rd_kafka_mock_cluster_destroy(world->cluster);
    rd_kafka_destroy(world->cluster_handle);
    free(world);
    return 0;
}

static void refuse(struct world *world, int16_t kind, rd_kafka_resp_err_t error)
{
    rd_kafka_mock_push_request_errors(world->cluster, kind, 3, error, error, error);
}

/* The next question, asked; NULL where there is none yet. */
static struct mr_question *ask(struct world *world)
{
    mr_timers_run(&world->timers, mr_clock_ms());
    struct mr_question *question = mr_starts_question(&world->starts);
    if (question != NULL)
        mr_question_ask(question);
    return question;
}

static rd_kafka_topic_partition_list_t *answer(struct world *world, struct mr_question *question)
{
    rd_kafka_topic_partition_list_t *starts = mr_starts_answered(&world->starts, question);
    mr_question_free(question);
    return starts;
}

static void expect_both(struct world *world, int64_t first, int64_t second)
{
    rd_kafka_topic_partition_list_t *starts = NULL;
    for (int ticks = 0; starts == NULL && ticks < PATIENCE_MS / TICK_MS; ticks++) {
        struct mr_question *question = ask(world);
        if (question != NULL)
            starts = answer(world, question);
        else
            usleep(TICK_MS * 1000);
    }
    assert_non_null(starts);
    assert_int_equal(starts->cnt, 2);
    assert_int_equal(starts->elems[0].offset, first);
    assert_int_equal(starts->elems[1].offset, second);
    assert_null(mr_starts_question(&world->starts));
    rd_kafka_topic_partition_list_destroy(starts);
}

static void expect_starts(struct world *world, int64_t first)
{
    expect_both(world, first, 0);
}

static void partitions_start_where_their_group_has_committed(void **state)
{
    struct world *world = *state;
    mr_starts_ask(&world->starts, world->wanted);
    expect_starts(world, COMMITTED);
}

static void expect_after_reset(struct world *world, const char *reset, int64_t second)
{
    rd_kafka_destroy(world->handle);
    world->handle =
        make_with(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(world->cluster), reset);
    mr_starts_init(&world->starts, world->handle, GROUP, &world->timers);
    mr_starts_ask(&world->starts, world->wanted);
    expect_both(world, COMMITTED, second);
}

static void a_partition_without_an_offset_starts_where_its_reset_says(void **state)
{
    static const char *const first[] = {"earliest", "smallest", "beginning"};
    static const char *const end[] = {"latest", "largest", "end"};
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
        expect_after_reset(*state, first[i], 0);
        expect_after_reset(*state, end[i], RECORDS);
    }
    expect_after_reset(*state, "error", RD_KAFKA_OFFSET_INVALID);
}

static void if_a_leader_does_not_answer_librdkafka_looks_by_name(void **state)
{
    struct world *world = *state;
    refuse(world, LIST_OFFSETS, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    mr_starts_ask(&world->starts, world->wanted);
    expect_both(world, COMMITTED, RD_KAFKA_OFFSET_BEGINNING);
}

static void an_open_transaction_is_waited_for(void **state)
{
    struct world *world = *state;
    refuse(world, OFFSET_FETCH, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT);
    mr_starts_ask(&world->starts, world->wanted);
    expect_starts(world, COMMITTED);
}

static void a_coordinator_that_does_not_know_is_asked_again(void **state)
{
    struct world *world = *state;
    refuse(world, OFFSET_FETCH, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
    mr_starts_ask(&world->starts, world->wanted);
    expect_starts(world, COMMITTED);
}

static void a_coordinator_that_is_none_any_more_is_not_asked_for_ever(void **state)
{
    struct world *world = *state;
    mr_starts_ask(&world->starts, world->wanted);
    expect_starts(world, COMMITTED);
    rd_kafka_mock_coordinator_set(world->cluster, "group", GROUP, 2);
    mr_starts_ask(&world->starts, world->wanted);
    expect_starts(world, COMMITTED);
}

static void one_question_is_open_at_a_time(void **state)
{
    struct world *world = *state;
    mr_starts_ask(&world->starts, world->wanted);
    struct mr_question *question = ask(world);
    assert_non_null(question);
    assert_null(mr_starts_question(&world->starts));
    rd_kafka_topic_partition_list_t *starts = answer(world, question);
    assert_non_null(starts);
    rd_kafka_topic_partition_list_destroy(starts);
}

static void what_was_given_up_does_not_answer_what_is_asked_next(void **state)
{
    struct world *world = *state;
    mr_starts_ask(&world->starts, world->wanted);
    struct mr_question *given_up = ask(world);
    rd_kafka_topic_partition_list_t *back = mr_starts_give_up(&world->starts);
    assert_int_equal(back->cnt, 2);
    assert_null(mr_starts_give_up(&world->starts));
    rd_kafka_topic_partition_list_destroy(back);
    commit(world, COMMITTED + 1);
    mr_starts_ask(&world->starts, world->wanted);
    assert_null(answer(world, given_up));
    expect_starts(world, COMMITTED + 1);
}

static void ask_for(void *data)
{
    struct world *world = data;
    mr_starts_ask(&world->starts, world->wanted);
}

static void what_is_wanted_is_given_up_before_other_offsets_are_wanted(void **state)
{
    char said[512];
    struct world *world = *state;
    ask_for(world);
    assert_true(panics(ask_for, world, said, sizeof(said)));
    rd_kafka_topic_partition_list_destroy(mr_starts_give_up(&world->starts));
    assert_int_equal(world->starts.state, MR_STARTS_NONE);
    ask_for(world);
    assert_int_equal(world->starts.state, MR_STARTS_DUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(partitions_start_where_their_group_has_committed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_partition_without_an_offset_starts_where_its_reset_says,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(if_a_leader_does_not_answer_librdkafka_looks_by_name,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_open_transaction_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_coordinator_that_does_not_know_is_asked_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_coordinator_that_is_none_any_more_is_not_asked_for_ever,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_question_is_open_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_given_up_does_not_answer_what_is_asked_next,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wanted_is_given_up_before_other_offsets_are_wanted,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
