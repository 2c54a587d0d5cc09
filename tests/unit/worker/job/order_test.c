#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "panics.h"
#include "seed.h"
#include "worker/consumer/partitions.h"
#include "worker/job/order.h"

static struct mr_order order;
static struct mr_partition partitions[2];
static struct mr_job jobs[8];

static int set_up(void **state)
{
    (void)state;
    memset(jobs, 0, sizeof(jobs));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mr_order_free(&order);
    return 0;
}

static bool enter(size_t job, size_t partition, struct mr_bytes key, enum mr_ordering ordering)
{
    jobs[job].partition = &partitions[partition];
    jobs[job].message.key = key;
    return mr_order_enter(&order, &jobs[job], ordering);
}

/* The number of the job that may start now, -1 where there is none. */
static int leave(size_t job)
{
    struct mr_job *next = mr_order_leave(&order, &jobs[job]);
    return next == NULL ? -1 : (int)(next - jobs);
}

static void jobs_of_one_key_go_one_after_the_other(void **state)
{
    (void)state;
    assert_true(enter(0, 0, MR_BYTES("k"), MR_ORDER_KEY));
    assert_false(enter(1, 0, MR_BYTES("k"), MR_ORDER_KEY));
    assert_false(enter(2, 0, MR_BYTES("k"), MR_ORDER_KEY));
    assert_int_equal(leave(0), 1);
    assert_false(enter(3, 0, MR_BYTES("k"), MR_ORDER_KEY));
    assert_int_equal(leave(1), 2);
    assert_int_equal(leave(2), 3);
    assert_int_equal(leave(3), -1);
    assert_true(enter(4, 0, MR_BYTES("k"), MR_ORDER_KEY));
    assert_int_equal(leave(4), -1);
}

static void jobs_of_different_keys_do_not_wait(void **state)
{
    (void)state;
    assert_true(enter(0, 0, MR_BYTES("a"), MR_ORDER_KEY));
    assert_true(enter(1, 0, MR_BYTES("b"), MR_ORDER_KEY));
    assert_true(enter(2, 0, MR_BYTES("a\0"), MR_ORDER_KEY));
    assert_false(enter(3, 0, MR_BYTES("b"), MR_ORDER_KEY));
    assert_int_equal(leave(0), -1);
    assert_int_equal(leave(1), 3);
    assert_int_equal(leave(2), -1);
    assert_int_equal(leave(3), -1);
}

static void the_same_key_on_two_partitions_is_two_chains(void **state)
{
    (void)state;
    assert_true(enter(0, 0, MR_BYTES("k"), MR_ORDER_KEY));
    assert_true(enter(1, 1, MR_BYTES("k"), MR_ORDER_KEY));
    assert_false(enter(2, 1, MR_BYTES("k"), MR_ORDER_KEY));
    assert_int_equal(leave(0), -1);
    assert_int_equal(leave(1), 2);
    assert_int_equal(leave(2), -1);
}

static void messages_without_a_key_are_ordered_with_nothing(void **state)
{
    (void)state;
    assert_true(enter(0, 0, MR_BYTES_NONE, MR_ORDER_KEY));
    assert_true(enter(1, 0, MR_BYTES_NONE, MR_ORDER_KEY));
    assert_int_equal(leave(0), -1);
    assert_int_equal(leave(1), -1);
}

static void an_empty_key_is_a_key(void **state)
{
    (void)state;
    assert_true(enter(0, 0, MR_BYTES(""), MR_ORDER_KEY));
    assert_false(enter(1, 0, MR_BYTES(""), MR_ORDER_KEY));
    assert_int_equal(leave(0), 1);
    assert_int_equal(leave(1), -1);
}

static void a_partition_is_one_chain_whatever_the_keys(void **state)
{
    (void)state;
    assert_true(enter(0, 0, MR_BYTES("a"), MR_ORDER_PARTITION));
    assert_false(enter(1, 0, MR_BYTES("b"), MR_ORDER_PARTITION));
    assert_false(enter(2, 0, MR_BYTES_NONE, MR_ORDER_PARTITION));
    assert_true(enter(3, 1, MR_BYTES("a"), MR_ORDER_PARTITION));
    assert_int_equal(leave(0), 1);
    assert_int_equal(leave(1), 2);
    assert_int_equal(leave(2), -1);
    assert_int_equal(leave(3), -1);
}

static void without_order_nothing_waits(void **state)
{
    (void)state;
    assert_true(enter(0, 0, MR_BYTES("k"), MR_ORDER_NONE));
    assert_true(enter(1, 0, MR_BYTES("k"), MR_ORDER_NONE));
    assert_true(enter(2, 0, MR_BYTES("k"), MR_ORDER_KEY));
    assert_int_equal(leave(0), -1);
    assert_int_equal(leave(1), -1);
    assert_int_equal(leave(2), -1);
}

static void a_chain_does_not_need_the_memory_of_its_keys(void **state)
{
    (void)state;
    char *key = malloc(5000); /* longer than what a job has room for */
    memset(key, 'k', 5000);
    for (size_t i = 0; i < 3; i++) {
        char *own = malloc(5000);
        memcpy(own, key, 5000);
        assert_true(enter(i, 0, (struct mr_bytes){own, 5000}, MR_ORDER_KEY) == (i == 0));
        memset(own, 'x', 5000); /* messages are freed in no order */
        free(own);
    }
    assert_int_equal(leave(0), 1);
    assert_false(enter(3, 0, (struct mr_bytes){key, 5000}, MR_ORDER_KEY));
    assert_true(enter(4, 0, (struct mr_bytes){key, 4999}, MR_ORDER_KEY));
    assert_int_equal(leave(1), 2);
    assert_int_equal(leave(2), 3);
    assert_int_equal(leave(3), -1);
    assert_int_equal(leave(4), -1);
    free(key);
}

/* Keys of every length around the room that a job has for its chain's name. */
static void long_keys_are_ordered_as_short_ones_are(void **state)
{
    (void)state;
    char key[200];
    memset(key, 'k', sizeof(key));
    for (size_t length = 0; length < sizeof(key); length++) {
        struct mr_bytes bytes = {key, length};
        assert_true(enter(0, 0, bytes, MR_ORDER_KEY));
        assert_false(enter(1, 0, bytes, MR_ORDER_KEY));
        if (length > 0)
            assert_true(enter(2, 0, (struct mr_bytes){key, length - 1}, MR_ORDER_KEY));
        assert_int_equal(leave(0), 1);
        assert_int_equal(leave(1), -1);
        if (length > 0)
            assert_int_equal(leave(2), -1);
    }
}

static void name_an_unknown_ordering(void *name)
{
    mr_ordering_of(name);
}

static void orderings_are_known_by_their_names(void **state)
{
    (void)state;
    char said[256], unknown[] = "random";
    assert_int_equal(mr_ordering_of("key"), MR_ORDER_KEY);
    assert_int_equal(mr_ordering_of("partition"), MR_ORDER_PARTITION);
    assert_int_equal(mr_ordering_of("none"), MR_ORDER_NONE);
    assert_true(panics(name_an_unknown_ordering, unknown, said, sizeof(said)));
}

static void free_all(void *unused)
{
    (void)unused;
    mr_order_free(&order);
}

static void nothing_may_be_left_where_it_is_freed(void **state)
{
    (void)state;
    char said[256];
    assert_true(enter(0, 0, MR_BYTES("k"), MR_ORDER_KEY));
    assert_true(panics(free_all, NULL, said, sizeof(said)));
    assert_int_equal(leave(0), -1);
}

/* Many jobs of few keys, leaving at random: each chain is left in the order in which it was
 * entered. */
enum { MANY = 20000, CHAINS = 40 };
static struct {
    struct mr_job jobs[MANY];
    char keys[MANY][2];
    size_t running[MANY]; /* jobs that have started, in no order */
    size_t running_count, ended;
    size_t next[CHAINS]; /* the turn that is next, by chain */
} many;

static size_t chain_of(const struct mr_job *job)
{
    return (size_t)(job->message.key.data[0] - 'a') * 2 + (size_t)(job->partition - partitions);
}

static void start(struct mr_job *job)
{
    size_t chain = chain_of(job);
    if ((size_t)job->sequence != many.next[chain])
        fail_msg("chain %zu: %zu starts, not %zu", chain, (size_t)job->sequence, many.next[chain]);
    many.running[many.running_count++] = (size_t)(job - many.jobs);
}

static void end_one(struct seed *seed)
{
    size_t at = random_below(seed, many.running_count);
    struct mr_job *job = &many.jobs[many.running[at]];
    many.running[at] = many.running[--many.running_count];
    many.next[chain_of(job)]++;
    many.ended++;
    struct mr_job *next = mr_order_leave(&order, job);
    if (next != NULL)
        start(next);
}

static void many_jobs_keep_the_order_of_their_chains(void **state)
{
    (void)state;
    struct seed seed = new_seed("order");
    size_t turns[CHAINS] = {0};
    for (size_t i = 0; i < MANY; i++) {
        struct mr_job *job = &many.jobs[i];
        many.keys[i][0] = (char)('a' + random_below(&seed, CHAINS / 2));
        job->partition = &partitions[random_below(&seed, 2)];
        job->message.key = (struct mr_bytes){many.keys[i], 1};
        job->sequence = turns[chain_of(job)]++;
        if (mr_order_enter(&order, job, MR_ORDER_KEY))
            start(job);
        while (many.running_count > 0 && random_below(&seed, 100) < 48)
            end_one(&seed);
    }
    while (many.running_count > 0)
        end_one(&seed);
    assert_int_equal(many.ended, MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jobs_of_one_key_go_one_after_the_other),
        TEST(jobs_of_different_keys_do_not_wait),
        TEST(the_same_key_on_two_partitions_is_two_chains),
        TEST(messages_without_a_key_are_ordered_with_nothing),
        TEST(an_empty_key_is_a_key),
        TEST(a_partition_is_one_chain_whatever_the_keys),
        TEST(without_order_nothing_waits),
        TEST(a_chain_does_not_need_the_memory_of_its_keys),
        TEST(long_keys_are_ordered_as_short_ones_are),
        TEST(orderings_are_known_by_their_names),
        TEST(nothing_may_be_left_where_it_is_freed),
        TEST(many_jobs_keep_the_order_of_their_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
