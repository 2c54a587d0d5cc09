/* SIGHUP: everything new or everything old, and no message the worse for it. */
#include <signal.h>

#include "harness/world.h"

static const char versioned[] = "local router = require 'moonroute'\n"
                                "local version = %d\n"
                                "function handleMessage(topic, message)\n"
                                "  if message.ms then router.sleep(message.ms) end\n"
                                "  return version\n"
                                "end\n";
enum { PARTITIONS = 4, WORKERS = 2 };

static void write_version(struct world *world, const char *topic, int version)
{
    char text[512];
    snprintf(text, sizeof(text), versioned, version);
    router_script(&world->router, topic, text);
}

static int set_up(void **state)
{
    struct world *world = world_new(1, WORKERS);
    *state = world;
    cluster_topic(&world->cluster, "orders", PARTITIONS);
    cluster_topic(&world->cluster, "other", 1);
    cluster_topic(&world->cluster, "fresh", 1);
    write_version(world, "orders", 1);
    router_script(&world->router, "lib/price", "return { of = function() return 'cheap' end }\n");
    router_script(&world->router, "other",
                  "local price = require 'price'\n"
                  "function handleMessage() return price.of() end\n");
    router_start(&world->router);
    return 0;
}

/* Every partition, hence every worker, answers with this version. */
static void assert_version(struct world *world, const char *topic, int partitions, int version)
{
    char expected[16];
    snprintf(expected, sizeof(expected), "%d", version);
    for (int32_t partition = 0; partition < partitions; partition++) {
        const char *id = unique("version");
        world_send(world, &(struct question){.topic = topic,
                                             .json = "{}",
                                             .dialect = PLAIN,
                                             .id = mr_bytes_of(id),
                                             .to_partition = true,
                                             .partition = partition});
        assert_text(world_reply(world, id)->value, expected);
    }
}

static void a_message_at_work_ends_on_the_code_it_began_with(void **state)
{
    struct world *world = *state;
    char slow[64];
    snprintf(slow, sizeof(slow), "%s", unique("slow"));
    world_request(world, "orders", "slow", slow, "{\"ms\":2500}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == 1);
    write_version(world, "orders", 2);
    assert_true(router_reload(&world->router));
    assert_version(world, "orders", PARTITIONS, 2);
    assert_int_equal(world_replies(world, slow), 0);
    assert_text(world_reply(world, slow)->value, "1");
}

/* Asks for a reload that must be refused for a reason with this text in it; the code stays that of
 * version 2. */
static void assert_refused(struct world *world, const char *reason)
{
    size_t from = router_log_size(&world->router);
    double failed = router_metric(&world->router, "reloads_total{result=\"failed\"}");
    assert_false(router_reload(&world->router));
    assert_true(router_metric(&world->router, "reloads_total{result=\"failed\"}") == failed + 1);
    char *log = folder_read(&world->router.folder, "log");
    assert_contains(log + from, "\"event\":\"reload_refused\"");
    assert_contains(log + from, reason);
    free(log);
    assert_version(world, "orders", PARTITIONS, 2);
    assert_true(router_is_ready(&world->router));
}

static void a_syntax_error_keeps_the_old_code_and_is_logged_with_file_and_line(void **state)
{
    struct world *world = *state;
    router_script(&world->router, "orders", "function handleMessage()\n  return ((\nend\n");
    assert_refused(world, "scripts/orders.lua:3: ");
    write_version(world, "orders", 2);
}

static void a_script_that_raises_as_it_loads_or_lacks_its_handler_is_refused(void **state)
{
    struct world *world = *state;
    router_script(&world->router, "orders", "function handleMessage() end\nerror('not today')\n");
    assert_refused(world, "scripts/orders.lua:2: not today");
    router_script(&world->router, "orders", "local x = 1\n");
    assert_refused(world, "scripts/orders.lua");
    router_script(&world->router, "orders",
                  "function handleMessage() end\nfunction onLoad()\n  error('no load')\nend\n");
    assert_refused(world, "scripts/orders.lua:3: no load");
    write_version(world, "orders", 2);
}

static void one_bad_script_refuses_all_of_them(void **state)
{
    struct world *world = *state;
    write_version(world, "orders", 9);
    router_script(&world->router, "broken", "function handleMessage( end\n");
    assert_refused(world, "scripts/broken.lua:1: ");
    router_remove_script(&world->router, "broken");
    write_version(world, "orders", 2);
}

static void a_configuration_that_became_wrong_is_refused(void **state)
{
    struct world *world = *state;
    write_version(world, "orders", 9);
    router_config(&world->router, "comit_interval = 5");
    assert_refused(world, "comit_interval");
    router_config(&world->router, "");
    write_version(world, "orders", 2);
}

static void a_setting_that_needs_a_restart_is_named_in_the_log(void **state)
{
    struct world *world = *state;
    size_t from = router_log_size(&world->router);
    router_config(&world->router, "service = 'another'");
    assert_true(router_reload(&world->router));
    assert_true(router_logged(&world->router, from,
                              "\"event\":\"reload_needs_restart\",\"key\":\"service\""));
    router_config(&world->router, "");
    assert_true(router_reload(&world->router));
}

static void a_library_is_loaded_anew_with_the_scripts(void **state)
{
    struct world *world = *state;
    assert_text(world_ask(world, "other", "{}")->value, "\"cheap\"");
    router_script(&world->router, "lib/price", "return { of = function() return 'dear' end }\n");
    assert_text(world_ask(world, "other", "{}")->value, "\"cheap\"");
    assert_true(router_reload(&world->router));
    assert_text(world_ask(world, "other", "{}")->value, "\"dear\"");
}

static void the_hooks_run_when_code_comes_and_goes(void **state)
{
    struct world *world = *state;
    static const char with_hooks[] = "local router = require 'moonroute'\n"
                                     "function onLoad() router.log.info('it comes') end\n"
                                     "function onUnload() router.log.info('it goes') end\n"
                                     "function handleMessage() return 2 end\n";
    size_t from = router_log_size(&world->router);
    router_script(&world->router, "orders", with_hooks);
    assert_true(router_reload(&world->router));
    AWAIT(router_logged_times(&world->router, from, "it comes") == WORKERS);
    assert_false(router_logged(&world->router, from, "it goes"));
    write_version(world, "orders", 2);
    assert_true(router_reload(&world->router));
    AWAIT(router_logged_times(&world->router, from, "it goes") == WORKERS);
}

static void reloads_under_load_lose_and_repeat_nothing(void **state)
{
    struct world *world = *state;
    char name[32];
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof(name), "reload%d", i);
        world_request_many(world, "orders", name, 20, "{\"ms\":30}");
        write_version(world, "orders", 100 + i);
        assert_true(router_reload(&world->router));
    }
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof(name), "reload%d", i);
        AWAIT(world_all_answered(world, name, 20));
    }
    world_settle(world, "orders", PARTITIONS);
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof(name), "reload%d", i);
        world_assert_answered_once(world, name, 20);
    }
    assert_version(world, "orders", PARTITIONS, 109);
    router_assert_nobody_died(&world->router);
}

/* What a partition was served with before is long gone when its next message comes, and its memory
 * may be in use again. */
static void partitions_that_rested_while_code_came_and_went_have_the_newest(void **state)
{
    struct world *world = *state;
    int version = 300;
    for (int reloads = 1; reloads <= 5; reloads++) {
        for (int i = 0; i < 4 * reloads; i++) {
            write_version(world, "orders", ++version);
            assert_true(router_reload(&world->router));
            if (i % reloads == reloads - 1)
                assert_version(world, "orders", PARTITIONS, version);
        }
    }
    router_assert_nobody_died(&world->router);
}

static void many_signals_at_once_end_with_the_newest_code(void **state)
{
    struct world *world = *state;
    for (int version = 200; version <= 230; version++) {
        write_version(world, "orders", version);
        router_signal(&world->router, SIGHUP);
    }
    AWAIT(strncmp(world_ask(world, "orders", "{}")->value.data, "230", 3) == 0);
    write_version(world, "orders", 2);
    assert_true(router_reload(&world->router));
    AWAIT(strncmp(world_ask(world, "orders", "{}")->value.data, "2", 1) == 0);
}

/* No hook can end a C function. One worker tries the scripts, and the others answer meanwhile.
 * The tests before it have rebalanced nothing: a rebalance would wait for the worker that hangs. */
static void scripts_that_hang_in_c_as_they_load_stop_one_worker_alone(void **state)
{
    struct world *world = *state;
    char name[64];
    size_t from = router_log_size(&world->router);
    router_script(&world->router, "orders",
                  "require 'moonroute'.log.warn('it hangs')\n"
                  "print(('a'):rep(3e5):find(('a*'):rep(12) .. 'b'))\n"
                  "function handleMessage() return 12 end\n");
    router_signal(&world->router, SIGHUP);
    AWAIT(router_logged(&world->router, from, "it hangs"));
    snprintf(name, sizeof(name), "%s", unique("meanwhile"));
    for (int32_t partition = 0; partition < PARTITIONS; partition++)
        world_send(world, &(struct question){.topic = "orders",
                                             .json = "{}",
                                             .dialect = PLAIN,
                                             .id = mr_bytes_of(name),
                                             .to_partition = true,
                                             .partition = partition});
    AWAIT(world_replies(world, name) >= PARTITIONS / WORKERS);
    assert_false(router_logged(&world->router, from, "\"event\":\"reload_"));
    assert_int_equal(router_logged_times(&world->router, from, "it hangs"), 1);
    AWAIT(router_logged(&world->router, from, "\"event\":\"reload_refused\""));
    AWAIT(world_replies(world, name) == PARTITIONS);
    AWAIT(router_is_ready(&world->router));
    assert_version(world, "orders", PARTITIONS, 2);
    write_version(world, "orders", 2);
}

static void a_new_script_is_served_and_a_removed_one_is_not_until_it_comes_back(void **state)
{
    struct world *world = *state;
    write_version(world, "fresh", 7);
    assert_true(router_reload(&world->router));
    assert_version(world, "fresh", 1, 7);
    world_settle(world, "fresh", 1);
    router_remove_script(&world->router, "fresh");
    assert_true(router_reload(&world->router));
    const char *waits = unique("waits");
    char id[64];
    snprintf(id, sizeof(id), "%s", waits);
    world_request(world, "fresh", NULL, id, "{}");
    client_flush(world->client);
    assert_version(world, "orders", PARTITIONS, 2);
    world_settle(world, "orders", PARTITIONS);
    assert_int_equal(world_replies(world, id), 0);
    write_version(world, "fresh", 8);
    assert_true(router_reload(&world->router));
    assert_text(world_reply(world, id)->value, "8");
    assert_version(world, "orders", PARTITIONS, 2);
}

static void a_worker_that_comes_after_a_refused_reload_runs_the_accepted_code(void **state)
{
    struct world *world = *state;
    pid_t pids[8];
    double before = router_metric(&world->router, "worker_restarts_total");
    router_script(&world->router, "orders", "function handleMessage()\n  return ((\nend\n");
    assert_refused(world, "scripts/orders.lua:3: ");
    assert_int_equal(router_workers(&world->router, pids, 8), WORKERS);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(kill(pids[i], SIGKILL), 0);
    AWAIT(router_metric(&world->router, "worker_restarts_total") == before + WORKERS);
    AWAIT(router_is_ready(&world->router));
    assert_version(world, "orders", PARTITIONS, 2);
}

/* It was asked to load the new scripts and had not come to it. */
static void a_worker_that_is_killed_during_a_reload_does_not_refuse_it(void **state)
{
    struct world *world = *state;
    pid_t pids[8];
    double good = router_metric(&world->router, "reloads_total{result=\"ok\"}");
    assert_int_equal(router_workers(&world->router, pids, 8), WORKERS);
    write_version(world, "orders", 11);
    kill(pids[0], SIGSTOP);
    router_signal(&world->router, SIGHUP);
    size_t from = router_log_size(&world->router);
    world_request(world, "orders", NULL, unique("between"), "{}");
    client_flush(world->client);
    kill(pids[0], SIGKILL);
    AWAIT(router_logged(&world->router, from, "\"event\":\"reload_"));
    assert_true(router_metric(&world->router, "reloads_total{result=\"ok\"}") == good + 1);
    AWAIT(router_is_ready(&world->router));
    assert_version(world, "orders", PARTITIONS, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_at_work_ends_on_the_code_it_began_with),
        cmocka_unit_test(a_syntax_error_keeps_the_old_code_and_is_logged_with_file_and_line),
        cmocka_unit_test(a_script_that_raises_as_it_loads_or_lacks_its_handler_is_refused),
        cmocka_unit_test(one_bad_script_refuses_all_of_them),
        cmocka_unit_test(a_configuration_that_became_wrong_is_refused),
        cmocka_unit_test(a_setting_that_needs_a_restart_is_named_in_the_log),
        cmocka_unit_test(a_library_is_loaded_anew_with_the_scripts),
        cmocka_unit_test(the_hooks_run_when_code_comes_and_goes),
        cmocka_unit_test(reloads_under_load_lose_and_repeat_nothing),
        cmocka_unit_test(partitions_that_rested_while_code_came_and_went_have_the_newest),
        cmocka_unit_test(many_signals_at_once_end_with_the_newest_code),
        cmocka_unit_test(scripts_that_hang_in_c_as_they_load_stop_one_worker_alone),
        cmocka_unit_test(a_new_script_is_served_and_a_removed_one_is_not_until_it_comes_back),
        cmocka_unit_test(a_worker_that_comes_after_a_refused_reload_runs_the_accepted_code),
        cmocka_unit_test(a_worker_that_is_killed_during_a_reload_does_not_refuse_it),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
