/* Routes that come and go by reloads while their groups rebalance: a group that is left, and wanted
 * again, in whatever state it is; messages whose route is gone for a while; handlers of all
 * generations of a route. */
#include <signal.h>

#include "harness/world.h"

static const char handler[] =
    "local router = require 'moonroute'\n"
    "function handleMessage(topic, message)\n"
    "  if message.ms then router.sleep(message.ms) end\n"
    "  if message.gated then router.request('gate', {}, { timeout = 60000 }) end\n"
    "  return true\n"
    "end\n";
enum { PARTITIONS = 4, EACH = 10 };

/* The test toggles groups for as many rounds: MR_TEST_ROUNDS of them, for a long run by hand. */
static int rounds(void)
{
    const char *text = getenv("MR_TEST_ROUNDS");
    return text != NULL ? atoi(text) : 8;
}

struct two {
    struct world *world;
    struct router other; /* in the group of the world's router */
};

static int set_up(void **state)
{
    struct two *two = calloc(1, sizeof(*two));
    assert_non_null(two);
    two->world = world_new(1, 1);
    *state = two;
    world_serve(two->world, "orders", PARTITIONS, handler);
    cluster_topic(&two->world->cluster, "extra", 2);
    cluster_topic(&two->world->cluster, "gate", 1); /* nothing answers there before open_gate() */
    world_serve(two->world, "pings", 1, handler);
    router_make(&two->other, two->world->router.brokers, 1);
    snprintf(two->other.group, sizeof(two->other.group), "%s", two->world->router.group);
    router_script(&two->other, "orders", handler);
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

static void toggle(struct router *router, const char *script, bool there)
{
    if (there)
        router_script(router, script, handler);
    else
        router_remove_script(router, script);
    assert_true(router_reload(router));
}

/* A group of its own. */
static void toggle_extra(struct router *router, bool there)
{
    router_config(router, there ? "drain_timeout = 500, routes = { extra = { group_id = 'extra' } }"
                                : "drain_timeout = 500");
    toggle(router, "extra", there);
}

static void start_with_extra(struct router *router)
{
    router_config(router, "drain_timeout = 500, routes = { extra = { group_id = 'extra' } }");
    router_script(router, "extra", handler);
    router_start(router);
}

/* The other one joins or leaves the group, so that reloads meet every state of it. */
static void toggle_other(struct two *two)
{
    if (two->other.pid > 0)
        router_stop(&two->other);
    else
        router_spawn(&two->other);
}

static void toggle_groups(struct two *two, const char *name)
{
    struct world *world = two->world;
    struct router *router = &world->router;
    for (int round = 0; round < rounds(); round++) {
        char stem[64];
        snprintf(stem, sizeof(stem), "%s-%d", name, round);
        world_request_many(world, "orders", stem, EACH, "{\"ms\":20}");
        if (round % 4 == 1)
            toggle_other(two);
        toggle_extra(router, false);
        toggle(router, "orders", false);
        toggle_extra(router, true);
        toggle(router, "orders", true);
    }
    if (two->other.pid > 0)
        router_stop(&two->other);
    for (int round = 0; round < rounds(); round++) {
        char stem[64];
        snprintf(stem, sizeof(stem), "%s-%d", name, round);
        AWAIT(world_all_answered(world, stem, EACH));
    }
    AWAIT(router_metric(router, "clients_ending") == 0);
    router_assert_nobody_died(router);
    router_stop(router);
}

static void groups_that_come_and_go_while_they_rebalance_lose_nothing(void **state)
{
    struct two *two = *state;
    start_with_extra(&two->world->router);
    toggle_groups(two, "toggled");
}

static void static_members_that_come_and_go_do_not_fence_themselves(void **state)
{
    struct two *two = *state;
    two->world->router.environment[0] = "MOONROUTE_KAFKA_GROUP_INSTANCE_ID=first";
    two->other.environment[0] = "MOONROUTE_KAFKA_GROUP_INSTANCE_ID=second";
    start_with_extra(&two->world->router);
    toggle_groups(two, "static");
}

static void a_group_that_is_wanted_again_is_joined_again(void **state)
{
    struct two *two = *state;
    struct router *router = &two->world->router;
    start_with_extra(router);
    for (int i = 0; i < 3; i++) {
        world_ask(two->world, "extra", "{}");
        toggle_extra(router, false);
        toggle_extra(router, true);
        AWAIT(router_is_ready(router));
    }
    world_ask(two->world, "extra", "{}");
    router_assert_nobody_died(router);
    router_stop(router);
}

static void request_extra(struct world *world, int32_t partition, const char *id)
{
    world_send(world, &(struct question){.topic = "extra",
                                         .json = "{\"gated\":true}",
                                         .dialect = PLAIN,
                                         .id = mr_bytes_of(id),
                                         .to_partition = true,
                                         .partition = partition});
}

/* Handlers of gated messages end: the route that answers their requests comes. */
static void open_gate(struct router *router)
{
    toggle(router, "gate", true);
}

/* A second member of the group comes, so that a partition is to go while its handler runs. */
static void start_draining(struct two *two)
{
    struct router *router = &two->world->router;
    router_config(router, "drain_timeout = 60000, routes = { extra = { group_id = 'extra' } }");
    router_script(router, "extra", handler);
    router_start(router);
    request_extra(two->world, 0, "drained-0");
    request_extra(two->world, 1, "drained-1");
    AWAIT(router_metric(router, "messages_in_flight") == 2);
    router_config(&two->other, "routes = { extra = { group_id = 'extra' } }");
    router_script(&two->other, "extra", handler);
    router_spawn(&two->other);
    AWAIT(router_logged(router, 0, "\"event\":\"partitions_draining\",\"group\":\"extra\""));
}

static bool is_draining(const struct router *router)
{
    return router_logged_times(router, 0, "\"event\":\"partitions_draining\",\"group\":\"extra\"") >
           router_logged_times(router, 0, "\"event\":\"partitions_drained\",\"group\":\"extra\"");
}

static void a_group_that_is_left_while_it_drains_ends_when_its_handlers_have(void **state)
{
    struct two *two = *state;
    struct router *router = &two->world->router;
    start_draining(two);
    assert_true(is_draining(router));
    router_config(router, "drain_timeout = 60000");
    toggle(router, "extra", false);
    assert_true(is_draining(router));
    open_gate(router);
    AWAIT(world_replies(two->world, "drained-0") == 1 &&
          world_replies(two->world, "drained-1") == 1);
    AWAIT(router_metric(router, "active_consumers") == 1);
    AWAIT(router_metric(router, "clients_ending") == 0);
    world_ask(two->world, "extra", "{}"); /* the other has both partitions */
    world_ask(two->world, "pings", "{}");
    router_assert_nobody_died(router);
    router_assert_nobody_died(&two->other);
    router_stop(router);
}

static void a_group_that_is_left_and_wanted_while_it_drains_is_joined_again(void **state)
{
    struct two *two = *state;
    struct router *router = &two->world->router;
    start_draining(two);
    assert_true(is_draining(router));
    router_config(router, "drain_timeout = 60000");
    toggle(router, "extra", false);
    router_config(router, "drain_timeout = 60000, routes = { extra = { group_id = 'extra' } }");
    toggle(router, "extra", true);
    assert_true(is_draining(router));
    open_gate(router);
    AWAIT(world_replies(two->world, "drained-0") >= 1 &&
          world_replies(two->world, "drained-1") >= 1);
    router_stop(&two->other);
    AWAIT(router_is_ready(router));
    world_ask(two->world, "extra", "{}");
    router_assert_nobody_died(router);
    router_stop(router);
}

static void reloads_do_not_multiply_concurrency(void **state)
{
    struct two *two = *state;
    struct world *world = two->world;
    router_config(&world->router, "shutdown_timeout = 200, drain_timeout = 200, "
                                  "routes = { orders = { concurrency = 1 } }");
    router_start(&world->router);
    world_request_many(world, "orders", "stuck", 6, "{\"ms\":60000}");
    AWAIT(router_metric(&world->router, "messages_received_total") >= 6);
    for (int i = 0; i < 5; i++) {
        assert_true(router_reload(&world->router));
        world_ask(world, "pings", "{}"); /* every job that could start has started */
    }
    assert_true(router_metric(&world->router, "messages_in_flight") == 1);
    router_stop(&world->router);
}

static void drain_timeout_is_what_the_latest_reload_says(void **state)
{
    struct two *two = *state;
    struct world *world = two->world;
    router_config(&world->router, "drain_timeout = 600000, shutdown_timeout = 200");
    router_start(&world->router);
    world_request_many(world, "orders", "stuck", EACH, "{\"ms\":600000}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == EACH);
    toggle(&world->router, "orders", false);
    AWAIT(router_logged(&world->router, 0, "\"event\":\"partitions_draining\""));
    assert_false(router_logged(&world->router, 0, "\"event\":\"partitions_drained\""));
    router_config(&world->router, "drain_timeout = 100, shutdown_timeout = 200");
    assert_true(router_reload(&world->router)); /* also for the drain that is under way */
    AWAIT(router_logged(&world->router, 0, "\"event\":\"partitions_drained\""));
    router_stop(&world->router);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(groups_that_come_and_go_while_they_rebalance_lose_nothing),
        TEST(static_members_that_come_and_go_do_not_fence_themselves),
        TEST(a_group_that_is_wanted_again_is_joined_again),
        TEST(a_group_that_is_left_while_it_drains_ends_when_its_handlers_have),
        TEST(a_group_that_is_left_and_wanted_while_it_drains_is_joined_again),
        TEST(reloads_do_not_multiply_concurrency),
        TEST(drain_timeout_is_what_the_latest_reload_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
