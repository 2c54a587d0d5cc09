/* At least once, and once where nobody dies: what is answered, committed and handled again around
 * stops and starts. One router after the other in the same group, each test beginning with one that
 * runs. */
#include <signal.h>

#include "harness/process.h"
#include "harness/world.h"

static const char handler[] = "local router = require 'moonroute'\n"
                              "function handleMessage(topic, message)\n"
                              "  if message.ms then router.sleep(message.ms) end\n"
                              "  return 'old'\n"
                              "end\n";
static const char quick[] = "function handleMessage() return 'new' end\n";
enum { PARTITIONS = 4, MANY = 400 };

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "orders", PARTITIONS, handler);
    return 0;
}

static int64_t committed(struct world *world)
{
    return client_committed(cluster_bootstrap(&world->cluster), world->router.group, "orders",
                            PARTITIONS);
}

/* The first of all: nothing runs yet. */
static void what_was_sent_before_the_first_start_is_answered(void **state)
{
    struct world *world = *state;
    world_request_many(world, "orders", "early", 20, "{}");
    client_flush(world->client);
    router_start(&world->router);
    AWAIT(world_all_answered(world, "early", 20));
    world_settle(world, "orders", PARTITIONS);
    world_assert_answered_once(world, "early", 20);
}

static void a_stop_amid_work_and_a_new_start_lose_and_repeat_nothing(void **state)
{
    struct world *world = *state;
    world_request_many(world, "orders", "load", MANY, "{\"ms\":15}");
    AWAIT(world_all_answered(world, "load", 1));
    router_stop(&world->router);
    client_catch_up(world->client, "replies", 1);
    size_t answered = client_count(world->client, "replies") - 20;
    assert_int_equal(committed(world) - 20, answered);
    world_request_many(world, "orders", "meanwhile", 20, "{}");
    router_start(&world->router);
    AWAIT(world_all_answered(world, "load", MANY));
    AWAIT(world_all_answered(world, "meanwhile", 20));
    world_settle(world, "orders", PARTITIONS);
    world_assert_answered_once(world, "load", MANY);
    world_assert_answered_once(world, "meanwhile", 20);
}

static void handlers_at_work_are_finished_and_answered_at_the_stop(void **state)
{
    struct world *world = *state;
    world_request_many(world, "orders", "at-work", 10, "{\"ms\":800}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == 10);
    assert_int_equal(world_replies(world, "at-work-0"), 0);
    router_stop(&world->router);
    client_catch_up(world->client, "replies", 1);
    world_assert_answered_once(world, "at-work", 10);
    assert_int_equal(committed(world), client_end(world->client, "orders", PARTITIONS));
    router_start(&world->router);
    world_request_many(world, "orders", "behind", 8, "{}");
    AWAIT(world_all_answered(world, "behind", 8));
    world_assert_answered_once(world, "at-work", 10);
}

static void during_a_stop_it_is_not_ready_and_begins_nothing_new(void **state)
{
    struct world *world = *state;
    world_request_many(world, "orders", "last", 4, "{\"ms\":1000}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == 4);
    router_signal(&world->router, SIGINT);
    AWAIT(router_unready_for(&world->router, "stopping"));
    world_request_many(world, "orders", "too-late", 4, "{}");
    client_flush(world->client);
    assert_int_equal(router_await_exit(&world->router, ROUTER_STOP_MS), 0);
    client_catch_up(world->client, "replies", 1);
    world_assert_answered_once(world, "last", 4);
    for (int i = 0; i < 4; i++) {
        char id[32];
        snprintf(id, sizeof(id), "too-late-%d", i);
        assert_int_equal(world_replies(world, id), 0);
    }
    router_start(&world->router);
    AWAIT(world_all_answered(world, "too-late", 4));
    world_settle(world, "orders", PARTITIONS);
    world_assert_answered_once(world, "last", 4);
    world_assert_answered_once(world, "too-late", 4);
}

static void a_handler_that_outlasts_the_stop_is_left_and_its_message_handled_again(void **state)
{
    struct world *world = *state;
    router_config(&world->router, "shutdown_timeout = 500");
    assert_true(router_reload(&world->router));
    int64_t before = committed(world);
    world_request(world, "orders", NULL, "outlasts", "{\"ms\":60000}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == 1);
    size_t from = router_log_size(&world->router);
    uint64_t began = mr_clock_ms();
    router_stop(&world->router);
    assert_true(mr_clock_ms() - began < 30000);
    assert_true(router_logged(&world->router, from, "\"event\":\"handler_abandoned\""));
    assert_int_equal(committed(world), before);
    assert_int_equal(world_replies(world, "outlasts"), 0);
    router_script(&world->router, "orders", quick);
    router_start(&world->router);
    assert_text(world_reply(world, "outlasts")->value, "\"new\"");
    world_settle(world, "orders", PARTITIONS);
    assert_int_equal(world_replies(world, "outlasts"), 1);
}

static void a_second_signal_to_stop_harms_nothing(void **state)
{
    struct world *world = *state;
    router_script(&world->router, "orders", handler);
    assert_true(router_reload(&world->router));
    world_request_many(world, "orders", "twice", 4, "{\"ms\":300}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == 4);
    router_signal(&world->router, SIGTERM);
    router_stop(&world->router);
    client_catch_up(world->client, "replies", 1);
    world_assert_answered_once(world, "twice", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_before_the_first_start_is_answered),
        cmocka_unit_test(a_stop_amid_work_and_a_new_start_lose_and_repeat_nothing),
        cmocka_unit_test(handlers_at_work_are_finished_and_answered_at_the_stop),
        cmocka_unit_test(during_a_stop_it_is_not_ready_and_begins_nothing_new),
        cmocka_unit_test(a_handler_that_outlasts_the_stop_is_left_and_its_message_handled_again),
        cmocka_unit_test(a_second_signal_to_stop_harms_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
