/* Against librdkafka's embedded cluster, with injected errors. It takes part in transactions but
 * keeps nothing of them: which records and offsets come of them is seen on a real Kafka. */
#include "kafka/consumer/transactions.h"

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
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/panic.h"
#include "base/timers.h"
#include "kafka/endings.h"

enum { STEP_MS = 200, PATIENCE_MS = 20000 };
enum { PRODUCE = 0, ADD_PARTITIONS_TO_TXN = 24, END_TXN = 26, TXN_OFFSET_COMMIT = 28 };

struct world {
    rd_kafka_t *cluster_handle;
    rd_kafka_mock_cluster_t *cluster;
    struct mr_config *config;
    struct mr_errors errors;
    struct mr_timers timers;
    int wake_fd;
    struct mr_producer *producer;
    struct mr_consumer *consumer;
    bool assigned;
    size_t sent, back, refused; /* reports */
};

static void drop_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle, (void)level, (void)facility, (void)text;
}

static void on_delivered(void *data, void *opaque, const char *topic, enum mr_sent how,
                         const char *error)
{
    struct world *world = data;
    (void)opaque, (void)topic, (void)error;
    *(how == MR_SENT ? &world->sent : how == MR_SENT_BACK ? &world->back : &world->refused) += 1;
}

static void on_troubled(void *data, bool unreachable, const char *text)
{
    (void)data, (void)unreachable, (void)text;
}

static void on_assigned(void *data, size_t count)
{
    struct world *world = data;
    world->assigned = count > 0;
}

static void on_revoked(void *data, const char *topic, int32_t partition, bool lost)
{
    (void)data, (void)topic, (void)partition, (void)lost;
}

static void on_revocation(void *data, size_t count, bool lost)
{
    struct world *world = data;
    (void)count;
    if (!lost)
        mr_consumer_give_back(world->consumer);
}

static const struct mr_producer_events producer_events = {.delivered = on_delivered,
                                                          .troubled = on_troubled};
static void on_ended(void *data, const struct mr_message *end)
{
    (void)data, (void)end;
}

static const struct mr_consumer_events consumer_events = {.assigned = on_assigned,
                                                          .revoked = on_revoked,
                                                          .revocation = on_revocation,
                                                          .ended = on_ended,
                                                          .troubled = on_troubled};

static int set_up(void **state)
{
    char why[256];
    struct world *world = calloc(1, sizeof(*world));
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, drop_log);
    world->cluster_handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    world->cluster = rd_kafka_mock_cluster_new(world->cluster_handle, 1);
    rd_kafka_mock_topic_create(world->cluster, "in", 1, 1);
    rd_kafka_mock_topic_create(world->cluster, "out", 1, 1);
    world->config = mr_config_new();
    mr_config_set_text(world->config, "kafka.brokers",
                       rd_kafka_mock_cluster_bootstraps(world->cluster), "test", &world->errors);
    world->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    world->producer = mr_producer_new_transactional(world->config, "an-id", world->wake_fd,
                                                    &producer_events, world, &world->errors);
    assert_non_null(world->producer);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    if (world->consumer != NULL) {
        mr_consumer_close(world->consumer);
        struct mr_message message;
        while (!mr_consumer_closed(world->consumer))
            if (mr_consumer_poll(world->consumer, &message))
                mr_message_free(&message);
        mr_consumer_free(world->consumer);
    }
    mr_producer_drop(world->producer);
    mr_producer_free(world->producer);
    assert_true(mr_endings_await(20000));
    mr_timers_free(&world->timers);
    mr_config_free(world->config);
    mr_errors_free(&world->errors);
    close(world->wake_fd);
    rd_kafka_mock_cluster_destroy(world->cluster);
    rd_kafka_destroy(world->cluster_handle);
    free(world);
    return 0;
}

struct call {
    void (*step)(struct call *call);
    struct world *world;
    struct mr_offsets *offsets;
    struct mr_step_end end;
    atomic_bool over;
};

static void opening(struct call *call)
{
    mr_transactions_open(call->world->producer, STEP_MS, &call->end);
}

static void committing(struct call *call)
{
    mr_transactions_commit(call->world->producer, &call->offsets, call->offsets != NULL, STEP_MS,
                           &call->end);
}

static void aborting(struct call *call)
{
    mr_transactions_abort(call->world->producer, STEP_MS, &call->end);
}

static void asking(struct call *call)
{
    mr_transactions_ask(call->world->producer, &call->offsets, 1, STEP_MS, &call->end);
}

static void *run(void *data)
{
    struct call *call = data;
    call->step(call);
    atomic_store(&call->over, true);
    return NULL;
}

/* Takes a step as a worker does, on another thread while reports are served here, until it is done
 * or has failed. */
static struct mr_step_end take(struct world *world, void (*step)(struct call *call),
                               struct mr_offsets *offsets)
{
    struct call call = {.step = step, .world = world, .offsets = offsets};
    uint64_t deadline = mr_clock_ms() + PATIENCE_MS;
    do {
        pthread_t thread;
        atomic_store(&call.over, false);
        assert_int_equal(pthread_create(&thread, NULL, run, &call), 0);
        while (!atomic_load(&call.over)) {
            mr_producer_poll(world->producer);
            poll(NULL, 0, 1);
        }
        pthread_join(thread, NULL);
        assert_true(mr_clock_ms() < deadline);
    } while (call.end.step == MR_STEP_AGAIN);
    mr_producer_poll(world->producer);
    return call.end;
}

static void open_transactions(struct world *world)
{
    struct mr_step_end end = take(world, opening, NULL);
    assert_int_equal(end.step, MR_STEP_DONE);
}

static void produce(struct world *world)
{
    char why[256];
    struct mr_outgoing record = {
        .topic = "out", .partition = 0, .value = MR_BYTES("a value"), .key = MR_BYTES("a key")};
    assert_int_equal(mr_producer_send(world->producer, &record, NULL, why, sizeof(why)), MR_SENT);
}

static void poll_until_sent(struct world *world)
{
    uint64_t deadline = mr_clock_ms() + PATIENCE_MS;
    while (mr_producer_outstanding(world->producer) > 0) {
        mr_producer_poll(world->producer);
        poll(NULL, 0, 1);
        assert_true(mr_clock_ms() < deadline);
    }
}

/* As a worker does in the background. */
static void ask(struct world *world)
{
    struct mr_question *question = mr_consumer_question(world->consumer);
    if (question == NULL)
        return;
    mr_question_ask(question);
    mr_consumer_answered(world->consumer, question);
    mr_question_free(question);
}

static void join(struct world *world)
{
    struct mr_message message;
    const char *topic = "in";
    uint64_t deadline = mr_clock_ms() + PATIENCE_MS;
    world->consumer = mr_consumer_new(world->config, "a-group", "", 1, world->wake_fd,
                                      &world->timers, &consumer_events, world, &world->errors);
    assert_non_null(world->consumer);
    assert_int_equal(mr_consumer_subscribe(world->consumer, &topic, 1, &world->errors), 0);
    while (!world->assigned) {
        if (mr_consumer_poll(world->consumer, &message))
            mr_message_free(&message);
        ask(world);
        poll(NULL, 0, 1);
        assert_true(mr_clock_ms() < deadline);
    }
}

static void commit_all(struct world *world)
{
    struct mr_message message;
    uint64_t deadline = mr_clock_ms() + PATIENCE_MS;
    while (!mr_consumer_committed(world->consumer)) {
        mr_timers_run(&world->timers, mr_clock_ms());
        mr_consumer_serve(world->consumer);
        if (mr_consumer_poll(world->consumer, &message))
            mr_message_free(&message);
        poll(NULL, 0, 1);
        assert_true(mr_clock_ms() < deadline);
    }
}

static struct mr_offsets *offsets_to(struct world *world, int64_t next)
{
    struct mr_offsets *offsets = mr_offsets_new(world->consumer);
    mr_offsets_add(offsets, "in", 0, next);
    return offsets;
}

static void records_and_offsets_are_committed_transaction_after_transaction(void **state)
{
    struct world *world = *state;
    join(world);
    open_transactions(world);
    for (int64_t next = 5; next < 8; next++) {
        struct mr_offsets *offsets = offsets_to(world, next);
        produce(world);
        assert_int_equal(take(world, committing, offsets).step, MR_STEP_DONE);
        mr_offsets_free(offsets);
    }
    assert_int_equal(world->sent, 3);
    assert_int_equal(mr_producer_outstanding(world->producer), 0);
}

static void a_commit_that_is_refused_for_a_while_is_taken_again(void **state)
{
    struct world *world = *state;
    open_transactions(world);
    produce(world);
    rd_kafka_mock_push_request_errors(
        world->cluster, END_TXN, 3, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
    assert_int_equal(take(world, committing, NULL).step, MR_STEP_DONE);
    assert_int_equal(world->sent, 1);
}

static void offsets_of_who_is_no_member_abort_the_transaction_and_the_next_one_is_fine(void **state)
{
    struct world *world = *state;
    join(world);
    open_transactions(world);
    struct mr_offsets *offsets = offsets_to(world, 1);
    produce(world);
    rd_kafka_mock_push_request_errors(world->cluster, TXN_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
    struct mr_step_end end = take(world, committing, offsets);
    assert_int_equal(end.step, MR_STEP_ABORT);
    assert_int_equal(end.how, MR_SENT_BACK);
    assert_int_equal(take(world, aborting, NULL).step, MR_STEP_DONE);
    assert_int_equal(mr_producer_outstanding(world->producer), 0);
    mr_offsets_free(offsets);
    offsets = offsets_to(world, 1);
    produce(world);
    assert_int_equal(take(world, committing, offsets).step, MR_STEP_DONE);
    mr_offsets_free(offsets);
}

static void without_membership_nothing_is_committed(void **state)
{
    struct world *world = *state;
    const char *topic = "in";
    world->consumer = mr_consumer_new(world->config, "a-group", "", 1, world->wake_fd,
                                      &world->timers, &consumer_events, world, &world->errors);
    open_transactions(world);
    struct mr_offsets *offsets = offsets_to(world, 9);
    assert_int_equal(take(world, committing, offsets).step, MR_STEP_ABORT);
    mr_offsets_free(offsets);
    assert_int_equal(take(world, aborting, NULL).step, MR_STEP_DONE);
    assert_int_equal(mr_consumer_subscribe(world->consumer, &topic, 1, &world->errors), 0);
}

static void a_record_that_cannot_be_delivered_is_told_from_the_transaction_that_fails(void **state)
{
    struct world *world = *state;
    open_transactions(world);
    rd_kafka_mock_push_request_errors(world->cluster, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    produce(world);
    assert_int_equal(take(world, committing, NULL).step, MR_STEP_ABORT);
    assert_int_equal(world->refused, 1);
    assert_int_equal(take(world, aborting, NULL).step, MR_STEP_DONE);
    produce(world);
    assert_int_equal(take(world, aborting, NULL).step, MR_STEP_DONE);
    assert_int_equal(world->refused, 1);
    assert_int_equal(world->sent + world->back, 1);
    for (produce(world); take(world, committing, NULL).step == MR_STEP_ABORT; produce(world))
        assert_int_equal(take(world, aborting, NULL).step, MR_STEP_DONE);
    assert_int_equal(world->refused, 1);
}

static void a_request_that_was_never_answered_makes_the_end_unclear(void **state)
{
    static const int16_t requests[] = {PRODUCE, ADD_PARTITIONS_TO_TXN, END_TXN};
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        struct world *world = *state;
        open_transactions(world);
        for (int j = 0; j < 2; j++) {
            produce(world);
            struct mr_step_end end = take(world, committing, NULL);
            assert_int_equal(end.step, MR_STEP_DONE);
            assert_false(end.unclear);
        }
        rd_kafka_mock_push_request_errors(world->cluster, requests[i], 1,
                                          RD_KAFKA_RESP_ERR__TRANSPORT);
        produce(world);
        struct mr_step_end end = take(world, committing, NULL);
        assert_int_equal(end.step, MR_STEP_DONE);
        assert_true(end.unclear);
        tear_down(state);
        set_up(state);
    }
}

static void an_abort_that_was_never_answered_is_unclear(void **state)
{
    struct world *world = *state;
    open_transactions(world);
    produce(world);
    poll_until_sent(world);
    rd_kafka_mock_push_request_errors(world->cluster, END_TXN, 1, RD_KAFKA_RESP_ERR__TRANSPORT);
    struct mr_step_end end = take(world, aborting, NULL);
    assert_int_equal(end.step, MR_STEP_DONE);
    assert_true(end.unclear);
}

static void a_commit_that_fails_is_unclear_if_it_was_asked_for(void **state)
{
    struct world *world = *state;
    open_transactions(world);
    produce(world);
    rd_kafka_mock_push_request_errors(world->cluster, END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
    struct mr_step_end end = take(world, committing, NULL);
    assert_int_equal(end.step, MR_STEP_FATAL);
    assert_true(end.unclear);
}

static void a_commit_that_fails_before_is_not(void **state)
{
    struct world *world = *state;
    open_transactions(world);
    rd_kafka_mock_push_request_errors(world->cluster, PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    produce(world);
    struct mr_step_end end = take(world, committing, NULL);
    assert_int_equal(end.step, MR_STEP_ABORT);
    assert_false(end.unclear);
}

static void what_is_not_committed_is_told_by_its_offsets(void **state)
{
    struct world *world = *state;
    join(world);
    open_transactions(world);
    struct mr_offsets *offsets = offsets_to(world, 5);
    struct mr_step_end end = take(world, asking, offsets);
    assert_int_equal(end.step, MR_STEP_DONE);
    assert_false(end.committed);
    mr_consumer_store(world->consumer, "in", 0, 5);
    mr_consumer_commit(world->consumer);
    commit_all(world);
    end = take(world, asking, offsets);
    assert_int_equal(end.step, MR_STEP_DONE);
    assert_true(end.committed);
    mr_offsets_free(offsets);
}

static void a_producer_whose_id_another_has_taken_is_fenced(void **state)
{
    struct world *world = *state;
    open_transactions(world);
    produce(world);
    rd_kafka_mock_push_request_errors(world->cluster, END_TXN, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    struct mr_step_end end = take(world, committing, NULL);
    assert_int_equal(end.step, MR_STEP_FATAL);
    assert_true(end.fenced);
    assert_true(end.why[0] != '\0');
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(records_and_offsets_are_committed_transaction_after_transaction),
        TEST(a_commit_that_is_refused_for_a_while_is_taken_again),
        TEST(offsets_of_who_is_no_member_abort_the_transaction_and_the_next_one_is_fine),
        TEST(without_membership_nothing_is_committed),
        TEST(a_record_that_cannot_be_delivered_is_told_from_the_transaction_that_fails),
        TEST(a_request_that_was_never_answered_makes_the_end_unclear),
        TEST(an_abort_that_was_never_answered_is_unclear),
        TEST(a_commit_that_fails_is_unclear_if_it_was_asked_for),
        TEST(a_commit_that_fails_before_is_not),
        TEST(what_is_not_committed_is_told_by_its_offsets),
        TEST(a_producer_whose_id_another_has_taken_is_fenced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
