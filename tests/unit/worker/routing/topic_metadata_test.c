/* The cluster and the clock are this file's (the linker's --wrap, tests/CMakeLists.txt). */
#include "worker/routing/topic_metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/panic.h"

enum { RETRY_MS = 1000, MOST = 4 };

struct world {
    uv_loop_t loop;
    struct mr_timers timers;
    struct mr_topic_metadata *catalogue;
    size_t heard, changes;
};

static uint64_t now_ms;
/* What the cluster answers: it is there with these topics, or does not answer. */
static struct {
    bool there;
    struct mr_cluster_topic rows[MOST];
    size_t count;
    size_t asked;
} cluster;

uint64_t __wrap_mr_clock_ms(void);
uint64_t __wrap_mr_clock_ms(void)
{
    return now_ms;
}

int __wrap_mr_cluster_topics(const struct mr_producer *via, struct mr_cluster_topics *topics,
                             int timeout, char *why, size_t size);
int __wrap_mr_cluster_topics(const struct mr_producer *via, struct mr_cluster_topics *topics,
                             int timeout, char *why, size_t size)
{
    (void)via, (void)timeout;
    cluster.asked++;
    if (!cluster.there) {
        snprintf(why, size, "nobody answers");
        return -1;
    }
    *topics = (struct mr_cluster_topics){mr_alloc(MOST * sizeof(topics->rows[0])), cluster.count};
    for (size_t i = 0; i < cluster.count; i++)
        topics->rows[i] =
            (struct mr_cluster_topic){mr_strdup(cluster.rows[i].name), cluster.rows[i].partitions};
    return 0;
}

static void on_heard(void *data, bool changed)
{
    struct world *world = data;
    world->heard++;
    world->changes += changed ? 1 : 0;
}

static int set_up(void **state)
{
    static char orders[] = "orders", stock[] = "stock";
    struct world *world = calloc(1, sizeof(*world));
    now_ms = 5000;
    memset(&cluster, 0, sizeof(cluster));
    cluster.there = true;
    cluster.rows[0] = (struct mr_cluster_topic){orders, 3};
    cluster.rows[1] = (struct mr_cluster_topic){stock, 1};
    cluster.count = 2;
    *state = world;
    if (uv_loop_init(&world->loop) != 0)
        return -1;
    world->catalogue = mr_topic_metadata_new(&world->loop, &world->timers, NULL, on_heard, world);
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    mr_topic_metadata_stop(world->catalogue);
    uv_run(&world->loop, UV_RUN_DEFAULT);
    mr_topic_metadata_free(world->catalogue);
    mr_timers_free(&world->timers);
    int result = uv_loop_close(&world->loop);
    free(world);
    return result;
}

/* Time goes on; what is asked then is answered. */
static void pass(struct world *world, uint64_t ms)
{
    now_ms += ms;
    mr_timers_run(&world->timers, now_ms);
    uv_run(&world->loop, UV_RUN_DEFAULT);
}

static void ask(struct world *world)
{
    mr_topic_metadata_ask(world->catalogue, 0);
    pass(world, 0);
}

static void nothing_is_asked_unasked(void **state)
{
    struct world *world = *state;
    pass(world, 100000);
    assert_int_equal(cluster.asked, 0);
    assert_null(mr_topic_metadata_topics(world->catalogue));
}

static void it_asks_within_the_shortest_time_that_was_said_and_once(void **state)
{
    struct world *world = *state;
    mr_topic_metadata_ask(world->catalogue, 500);
    mr_topic_metadata_ask(world->catalogue, 200);
    mr_topic_metadata_ask(world->catalogue, 900);
    pass(world, 199);
    assert_int_equal(cluster.asked, 0);
    pass(world, 1);
    assert_int_equal(cluster.asked, 1);
    pass(world, 100000);
    assert_int_equal(cluster.asked, 1);
}

static void the_answer_is_what_the_cluster_has(void **state)
{
    struct world *world = *state;
    ask(world);
    const struct mr_cluster_topics *topics = mr_topic_metadata_topics(world->catalogue);
    assert_int_equal(topics->count, 2);
    assert_string_equal(topics->rows[0].name, "orders");
    assert_int_equal(topics->rows[0].partitions, 3);
    assert_string_equal(topics->rows[1].name, "stock");
}

static void the_first_answer_is_a_change_even_where_there_are_no_topics(void **state)
{
    struct world *world = *state;
    cluster.count = 0;
    ask(world);
    assert_int_equal(world->changes, 1);
    assert_int_equal(mr_topic_metadata_topics(world->catalogue)->count, 0);
}

static void only_what_is_not_as_last_time_is_a_change(void **state)
{
    static char stores[] = "stores";
    struct world *world = *state;
    ask(world);
    ask(world);
    assert_int_equal(world->heard, 2);
    assert_int_equal(world->changes, 1);
    cluster.rows[0].partitions++;
    ask(world);
    assert_int_equal(world->changes, 2);
    cluster.rows[1].name = stores;
    ask(world);
    assert_int_equal(world->changes, 3);
    cluster.count--;
    ask(world);
    assert_int_equal(world->changes, 4);
    ask(world);
    assert_int_equal(world->heard, 6);
    assert_int_equal(world->changes, 4);
}

static void where_there_is_no_answer_it_asks_until_there_is_and_keeps_what_it_knew(void **state)
{
    struct world *world = *state;
    ask(world);
    cluster.there = false;
    ask(world);
    pass(world, RETRY_MS - 1);
    assert_int_equal(cluster.asked, 2);
    pass(world, 1);
    assert_int_equal(cluster.asked, 3);
    assert_int_equal(world->heard, 1);
    assert_int_equal(mr_topic_metadata_topics(world->catalogue)->count, 2);
    cluster.there = true;
    pass(world, RETRY_MS);
    assert_int_equal(cluster.asked, 4);
    assert_int_equal(world->heard, 2);
    assert_int_equal(world->changes, 1);
}

static void what_is_asked_during_a_question_is_asked_after_it(void **state)
{
    struct world *world = *state;
    mr_topic_metadata_ask(world->catalogue, 0);
    mr_timers_run(&world->timers, now_ms); /* it is under way until the loop runs */
    mr_topic_metadata_ask(world->catalogue, 0);
    pass(world, 0);
    assert_int_equal(cluster.asked, 1);
    pass(world, RETRY_MS);
    assert_int_equal(cluster.asked, 2);
    assert_int_equal(world->heard, 2);
}

static void once_stopped_it_neither_asks_nor_tells(void **state)
{
    struct world *world = *state;
    mr_topic_metadata_ask(world->catalogue, 0);
    mr_timers_run(&world->timers, now_ms);
    mr_topic_metadata_stop(world->catalogue);
    pass(world, 0);
    assert_int_equal(cluster.asked, 1);
    ask(world);
    assert_int_equal(cluster.asked, 1);
    assert_int_equal(world->heard, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_asked_unasked),
        TEST(it_asks_within_the_shortest_time_that_was_said_and_once),
        TEST(the_answer_is_what_the_cluster_has),
        TEST(the_first_answer_is_a_change_even_where_there_are_no_topics),
        TEST(only_what_is_not_as_last_time_is_a_change),
        TEST(where_there_is_no_answer_it_asks_until_there_is_and_keeps_what_it_knew),
        TEST(what_is_asked_during_a_question_is_asked_after_it),
        TEST(once_stopped_it_neither_asks_nor_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
