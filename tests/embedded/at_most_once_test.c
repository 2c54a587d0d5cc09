/* delivery = "at-most-once": a message is committed before it is handled, so that no crash has it
 * handled twice. */
#include <signal.h>

#include "harness/process.h"
#include "harness/world.h"

static const char handler[] = "local router = require 'moonroute'\n"
                              "function handleMessage(topic, message)\n"
                              "  if message.ms then router.sleep(message.ms) end\n"
                              "  return 1\n"
                              "end\n";

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", 2, handler);
    router_config(&world->router, "defaults = { delivery = 'at-most-once' }");
    router_start(&world->router);
    return 0;
}

static size_t refusals_left(struct world *world)
{
    size_t count = 0;
    rd_kafka_mock_broker_error_stack_cnt(world->cluster.mock, 1, REQUEST_OFFSET_COMMIT, &count);
    return count;
}

static void a_handler_does_not_start_before_its_message_is_committed(void **state)
{
    struct world *world = *state;
    const char *id = unique("late");
    rd_kafka_mock_broker_push_request_error_rtts(
        world->cluster.mock, 1, REQUEST_OFFSET_COMMIT, 5, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
        0, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 0, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 0,
        RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 0, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, 0);
    world_request(world, "orders", NULL, id, "{}");
    world_reply(world, id);
    assert_int_equal(refusals_left(world), 0);
    world_settle(world, "orders", 2);
    assert_int_equal(world_replies(world, id), 1);
}

static void many_are_each_answered_once(void **state)
{
    struct world *world = *state;
    world_request_many(world, "orders", "many", 300, "{\"ms\":5}");
    AWAIT(world_all_answered(world, "many", 300));
    world_settle(world, "orders", 2);
    world_assert_answered_once(world, "many", 300);
}

static void what_was_taken_is_handled_before_the_stop(void **state)
{
    struct world *world = *state;
    world_request_many(world, "orders", "stopped", 200, "{\"ms\":50}");
    AWAIT(world_all_answered(world, "stopped", 1));
    router_stop(&world->router);
    router_start(&world->router);
    AWAIT(world_all_answered(world, "stopped", 200));
    world_settle(world, "orders", 2);
    world_assert_answered_once(world, "stopped", 200);
}

/* The last: a worker is killed. */
static void a_message_whose_worker_was_killed_is_not_repeated(void **state)
{
    struct world *world = *state;
    pid_t worker;
    world_send(world, &(struct question){.topic = "orders",
                                         .json = "{\"ms\":60000}",
                                         .to_partition = true,
                                         .partition = 0});
    AWAIT(router_metric(&world->router, "messages_in_flight") == 1);
    assert_int_equal(router_workers(&world->router, &worker, 1), 1);
    kill(worker, SIGKILL);
    AWAIT(!process_alive(worker));
    const char *behind = unique("behind");
    world_send(world, &(struct question){.topic = "orders",
                                         .json = "{}",
                                         .dialect = PLAIN,
                                         .id = mr_bytes_of(behind),
                                         .to_partition = true,
                                         .partition = 0});
    world_reply(world, behind);
    assert_true(router_metric(&world->router, "messages_in_flight") == 0);
    world_settle(world, "orders", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handler_does_not_start_before_its_message_is_committed),
        cmocka_unit_test(many_are_each_answered_once),
        cmocka_unit_test(what_was_taken_is_handled_before_the_stop),
        cmocka_unit_test(a_message_whose_worker_was_killed_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
