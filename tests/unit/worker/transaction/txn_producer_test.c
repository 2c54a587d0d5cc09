/* Under which transactional id a producer is made, and when an id is free again. */
#include <unistd.h>

#include "fake_kafka.h"
#include "worker/transaction/txn_producer.h"

enum { WORKERS = 2 };

static uv_loop_t loop;
static struct mr_config *config;
static struct mr_txn_producer workers[WORKERS];
static char name[512]; /* of the ids, without their number */

static const struct mr_producer_events events;

static int set_up(void **state)
{
    char client[64], host[256] = "";
    struct mr_errors errors = {0};
    (void)state;
    reset_kafka();
    uv_loop_init(&loop);
    config = mr_config_new();
    snprintf(client, sizeof(client), "ids-%d", (int)getpid());
    mr_config_set_text(config, "kafka.client_id", client, "test", &errors);
    assert_int_equal(errors.count, 0);
    gethostname(host, sizeof(host) - 1);
    snprintf(name, sizeof(name), "%s-%s", client, host);
    memset(workers, 0, sizeof(workers));
    for (int i = 0; i < WORKERS; i++) {
        workers[i].config = config;
        workers[i].loop = &loop;
        workers[i].wake_fd = -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < WORKERS; i++)
        mr_txn_producer_free(&workers[i]);
    for (size_t i = 0; i < kafka.made; i++)
        assert_true(kafka.producers[i].freed);
    mr_config_free(config);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

/* Opens another producer of that worker; returns the number of its id. */
static int open_next(int worker)
{
    struct mr_errors errors = {0};
    int number = -1, end = 0;
    kafka.made = kafka.made < FAKE_PRODUCERS ? kafka.made : 0; /* many are made */
    kafka.producers[kafka.made].freed = false;
    assert_int_equal(mr_txn_producer_open(&workers[worker], &events, NULL, &errors), 0);
    const char *id = latest_producer()->id;
    assert_int_equal(strncmp(id, name, strlen(name)), 0);
    assert_int_equal(sscanf(id + strlen(name), "-%d%n", &number, &end), 1);
    assert_int_equal(id[strlen(name) + (size_t)end], '\0');
    return number;
}

static void an_id_is_the_lowest_that_no_other_worker_has(void **state)
{
    (void)state;
    assert_int_equal(open_next(0), 0);
    assert_int_equal(open_next(1), 1);
    mr_txn_producer_free(&workers[0]);
    assert_int_equal(open_next(0), 0);
}

/* So it ends the transaction that the other left open. */
static void a_producer_takes_over_the_id_of_the_one_in_whose_place_it_is(void **state)
{
    (void)state;
    assert_int_equal(open_next(0), 0);
    assert_int_equal(open_next(0), 0);
    assert_true(kafka.producers[0].freed);
    assert_false(kafka.producers[1].freed);
    assert_ptr_equal(workers[0].producer, &kafka.producers[1]);
}

static void a_new_producer_is_not_asked_through_before_it_is_wanted(void **state)
{
    (void)state;
    open_next(0);
    assert_false(workers[0].warmup.open);
    assert_ptr_equal(workers[0].warmup.via, workers[0].producer);
    mr_topic_warmup_open(&workers[0].warmup, true);
    open_next(0);
    assert_false(workers[0].warmup.open);
    assert_ptr_equal(workers[0].warmup.via, workers[0].producer);
}

static void one_that_cannot_be_made_leaves_none(void **state)
{
    struct mr_errors errors = {0};
    (void)state;
    open_next(0);
    kafka.none_can_be_made = true;
    assert_int_equal(mr_txn_producer_open(&workers[0], &events, NULL, &errors), -1);
    assert_non_null(strstr(mr_errors_text(&errors), "no such certificate"));
    mr_errors_free(&errors);
    assert_null(workers[0].producer);
    assert_true(kafka.producers[0].freed);
}

static void an_id_that_is_left_is_taken_by_nobody_until_it_is_forgiven(void **state)
{
    (void)state;
    assert_int_equal(open_next(0), 0);
    mr_txn_producer_leave(&workers[0], "its transaction cannot end");
    assert_int_equal(open_next(0), 1);
    mr_txn_producer_leave(&workers[0], "nor can this one");
    assert_int_equal(open_next(0), 2);
    assert_int_equal(open_next(1), 3);
    mr_txn_producer_free(&workers[1]);
    mr_txn_producer_forgive(&workers[0]);
    assert_int_equal(open_next(1), 0);
    assert_int_equal(open_next(0), 2); /* keeps its own */
}

static void of_too_many_left_ids_the_oldest_is_free_again(void **state)
{
    (void)state;
    for (int i = 0; i < MR_LEFT_IDS; i++) {
        assert_int_equal(open_next(0), i);
        mr_txn_producer_leave(&workers[0], "its transaction cannot end");
    }
    assert_int_equal(open_next(0), MR_LEFT_IDS);
    mr_txn_producer_leave(&workers[0], "nor can this one");
    assert_int_equal(open_next(0), 0);
    assert_int_equal(open_next(1), MR_LEFT_IDS + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_id_is_the_lowest_that_no_other_worker_has),
        TEST(a_producer_takes_over_the_id_of_the_one_in_whose_place_it_is),
        TEST(a_new_producer_is_not_asked_through_before_it_is_wanted),
        TEST(one_that_cannot_be_made_leaves_none),
        TEST(an_id_that_is_left_is_taken_by_nobody_until_it_is_forgiven),
        TEST(of_too_many_left_ids_the_oldest_is_free_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
