/* Partitions that move between two routers of one group: what is at work on them may end first,
 * what is not done by then is done by the other one, and nothing that comes late is committed. */
#include <signal.h>

#include "harness/world.h"

/* A message that says so makes a router wait for a minute; unless it is one of those that never do.
 */
static const char handler[] = "local router = require 'moonroute'\n"
                              "local hurries = router.env('HURRIES') ~= nil\n"
                              "function handleMessage(topic, message)\n"
                              "  if message.stuck and not hurries then router.sleep(60000) end\n"
                              "  if message.ms then router.sleep(message.ms) end\n"
                              "  return hurries\n"
                              "end\n";
enum { PARTITIONS = 4 };

struct two {
    struct world *world;
    struct router other; /* in the group of the world's router */
};

static void make_other(struct two *two)
{
    struct router *first = &two->world->router;
    router_make(&two->other, first->brokers, 1);
    snprintf(two->other.group, sizeof(two->other.group), "%s", first->group);
    router_script(&two->other, "orders", handler);
    two->other.environment[0] = "HURRIES=yes";
}

static int set_up(void **state)
{
    struct two *two = calloc(1, sizeof(*two));
    assert_non_null(two);
    two->world = world_new(1, 1);
    *state = two;
    world_serve(two->world, "orders", PARTITIONS, handler);
    make_other(two);
    return 0;
}

static int tear_down(void **state)
{
    struct two *two = *state;
    if (two->other.pid > 0)
        router_stop(&two->other);
    router_free(&two->other);
    void *world = two->world;
    world_tear_down(&world);
    free(two);
    return 0;
}

static bool shares(const struct router *router, size_t from, int count)
{
    char text[160];
    snprintf(text, sizeof(text), "\"event\":\"partitions_assigned\",\"group\":\"%s\",\"count\":%d",
             router->group, count);
    return router_logged(router, from, text);
}

/* Requests are sent until the router has been given its half. Returns how many. */
static int load_until_shared(struct world *world, const char *name, const struct router *router,
                             size_t from)
{
    int count = 0;
    uint64_t end = mr_clock_ms() + PATIENCE;
    while (!shares(router, from, PARTITIONS / 2)) {
        char id[80];
        snprintf(id, sizeof(id), "%s-%d", name, count++);
        world_request(world, "orders", id, id, "{\"ms\":150}");
        assert_true(mr_clock_ms() < end);
        usleep(4000);
    }
    return count;
}

/* The embedded cluster takes a member for a stranger that is later with its SyncGroup than the
 * leader, and refuses everybody's commits until that has joined again: then what was drained comes
 * again. Kafka does not: tests/e2e/test_rebalance.py. */
static void assert_answered_once(struct world *world, const char *name, int count)
{
    if (!router_logged(&world->router, 0, "\"event\":\"commit_refused\""))
        world_assert_answered_once(world, name, count);
}

static void partitions_that_move_under_load_are_handled_once(void **state)
{
    struct two *two = *state;
    struct world *world = two->world;
    router_config(&world->router, "log = { level = 'debug' }");
    router_start(&world->router);
    router_spawn(&two->other);
    int came = load_until_shared(world, "came", &two->other, 0);
    AWAIT(world_all_answered(world, "came", came));
    size_t from = router_log_size(&world->router);
    router_signal(&two->other, SIGTERM);
    int went = load_until_shared(world, "went", &world->router, from);
    assert_int_equal(router_await_exit(&two->other, ROUTER_STOP_MS), 0);
    AWAIT(world_all_answered(world, "went", went));
    world_settle(world, "orders", PARTITIONS);
    assert_answered_once(world, "came", came);
    assert_answered_once(world, "went", went);
    assert_true(router_logged(&world->router, 0, "\"event\":\"partitions_drained\""));
    assert_false(router_logged(&world->router, 0, "\"event\":\"partition_lost\""));
    router_stop(&world->router);
}

static void ask_each_partition(struct world *world, const char *name, const char *json)
{
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        char id[80];
        snprintf(id, sizeof(id), "%s-%d", name, partition);
        world_send(world, &(struct question){.topic = "orders",
                                             .json = json,
                                             .dialect = PLAIN,
                                             .id = mr_bytes_of(id),
                                             .to_partition = true,
                                             .partition = partition});
    }
}

static int answered(struct world *world, const char *name)
{
    int count = 0;
    for (int i = 0; i < PARTITIONS; i++) {
        char id[80];
        snprintf(id, sizeof(id), "%s-%d", name, i);
        count += world_replies(world, id) > 0;
    }
    return count;
}

static void handlers_that_do_not_end_in_time_are_given_up_for_the_next_owner(void **state)
{
    struct two *two = *state;
    struct world *world = two->world;
    router_config(&world->router, "drain_timeout = 200, shutdown_timeout = 200");
    router_start(&world->router);
    size_t from = router_log_size(&two->other);
    ask_each_partition(world, "stuck", "{\"stuck\":true}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == PARTITIONS);
    router_spawn(&two->other);
    AWAIT(shares(&two->other, from, PARTITIONS / 2));
    assert_int_equal(
        router_logged_times(&world->router, world->router.started_at, "\"handler_abandoned\""),
        PARTITIONS / 2);
    assert_true(router_metric(&world->router, "messages_in_flight") == PARTITIONS / 2);
    AWAIT(answered(world, "stuck") == PARTITIONS / 2);
    router_stop(&world->router);
    AWAIT(world_all_answered(world, "stuck", PARTITIONS));
    world_settle(world, "orders", PARTITIONS);
    world_assert_answered_once(world, "stuck", PARTITIONS);
    router_stop(&two->other);
}

/* A worker that is stopped for longer than its session: its partitions are another one's. */
static void what_a_worker_that_was_thrown_out_ends_late_is_not_committed(void **state)
{
    struct two *two = *state;
    struct world *world = two->world;
    const char *brokers = cluster_bootstrap(&world->cluster);
    pid_t stopped;
    router_config(&world->router, "shutdown_timeout = 200");
    router_start(&world->router);
    ask_each_partition(world, "frozen", "{\"stuck\":true}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == PARTITIONS);
    assert_int_equal(router_workers(&world->router, &stopped, 1), 1);
    kill(stopped, SIGSTOP);
    router_spawn(&two->other);
    AWAIT(world_all_answered(world, "frozen", PARTITIONS));
    world_settle(world, "orders", PARTITIONS);
    size_t from = router_log_size(&world->router);
    int64_t committed = client_committed(brokers, world->router.group, "orders", PARTITIONS);
    kill(stopped, SIGCONT);
    AWAIT(shares(&world->router, from, PARTITIONS / 2));
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"partition_lost\""),
                     PARTITIONS);
    assert_int_equal(router_logged_times(&world->router, from, "\"handler_abandoned\""),
                     PARTITIONS);
    assert_true(router_metric(&world->router, "messages_in_flight") == 0);
    assert_int_equal(client_committed(brokers, world->router.group, "orders", PARTITIONS),
                     committed);
    ask_each_partition(world, "thawed", "{}");
    AWAIT(world_all_answered(world, "thawed", PARTITIONS));
    world_settle(world, "orders", PARTITIONS);
    world_assert_answered_once(world, "frozen", PARTITIONS);
    world_assert_answered_once(world, "thawed", PARTITIONS);
    router_assert_nobody_died(&world->router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_that_move_under_load_are_handled_once),
        cmocka_unit_test(handlers_that_do_not_end_in_time_are_given_up_for_the_next_owner),
        cmocka_unit_test(what_a_worker_that_was_thrown_out_ends_late_is_not_committed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
