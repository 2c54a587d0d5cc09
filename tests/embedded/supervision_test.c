/* The master and its workers: as many as asked for, the dead replaced, nobody left behind. Two
 * workers share the topic; the tests go through one router's life after the other. */
#include <signal.h>

#include "harness/process.h"
#include "harness/world.h"

static const char handler[] = "local router = require 'moonroute'\n"
                              "function handleMessage(topic, message)\n"
                              "  if message.ms then router.sleep(message.ms) end\n"
                              "  while message.spin do end\n"
                              "  if message.wrap then\n"
                              "    coroutine.wrap(function() while true do end end)()\n"
                              "  end\n"
                              "  if message.search then\n"
                              "    return ('a'):rep(3e5):find(('a*'):rep(12) .. 'b')\n"
                              "  end\n"
                              "  return router.now()\n"
                              "end\n";
enum { PARTITIONS = 4, WORKERS = 2 };

static int set_up(void **state)
{
    struct world *world = world_new(1, WORKERS);
    *state = world;
    world_serve(world, "orders", PARTITIONS, handler);
    router_start(&world->router);
    return 0;
}

static void a_worker_s_process_has_its_name(void **state)
{
    struct world *world = *state;
    pid_t pids[8];
    char path[64], name[64] = "";
    assert_int_equal(router_workers(&world->router, pids, 8), WORKERS);
    static const char *const names[][2] = {{"comm", "moonroute: work\n"}, /* the kernel cuts it */
                                           {"cmdline", "moonroute: worker 0"}};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "/proc/%d/%s", (int)pids[0], names[i][0]);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_true(fread(name, 1, sizeof(name) - 1, file) > 0);
        fclose(file);
        assert_string_equal(name, names[i][1]);
        memset(name, 0, sizeof(name));
    }
}

static bool is_among(pid_t pid, const pid_t *pids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* As many workers as there should be, the one that died not among them. */
static bool is_replaced(const struct router *router, pid_t dead)
{
    pid_t pids[8];
    size_t count = router_workers(router, pids, 8);
    return count == WORKERS && !is_among(dead, pids, count);
}

static void there_are_as_many_workers_as_asked_for_and_each_serves(void **state)
{
    struct world *world = *state;
    pid_t pids[8];
    char *status;
    assert_int_equal(router_workers(&world->router, pids, 8), WORKERS);
    assert_true(pids[0] != pids[1]);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        const char *id = unique("each");
        world_send(world, &(struct question){.topic = "orders",
                                             .json = "{}",
                                             .dialect = PLAIN,
                                             .id = mr_bytes_of(id),
                                             .to_partition = true,
                                             .partition = partition});
        world_reply(world, id);
    }
    router_get(&world->router, "/status", &status);
    assert_contains(status, "\"state\":\"ready\",\"broker\":\"up\"");
    assert_null(strstr(status, "\"messages_received\":0"));
    free(status);
}

static void a_killed_worker_is_replaced_and_all_that_was_asked_is_answered(void **state)
{
    struct world *world = *state;
    pid_t before[8], after[8];
    assert_int_equal(router_workers(&world->router, before, 8), WORKERS);
    double deaths = router_metric(&world->router, "worker_restarts_total{reason=\"signal\"}");
    size_t from = router_log_size(&world->router);
    world_request_many(world, "orders", "killed", 60, "{\"ms\":200}");
    AWAIT(router_metric(&world->router, "messages_in_flight") > 20);
    kill(before[0], SIGKILL);
    AWAIT_WITHIN(2000, router_get(&world->router, "/health/ready", NULL) == 503);
    assert_int_equal(router_get(&world->router, "/health/live", NULL), 200);
    AWAIT(is_replaced(&world->router, before[0]));
    assert_int_equal(router_workers(&world->router, after, 8), WORKERS);
    assert_true(is_among(before[1], after, WORKERS));
    AWAIT(router_is_ready(&world->router));
    AWAIT(world_all_answered(world, "killed", 60));
    world_settle(world, "orders", PARTITIONS);
    assert_true(router_metric(&world->router, "worker_restarts_total{reason=\"signal\"}") ==
                deaths + 1);
    assert_true(router_logged(&world->router, from, "\"cause\":\"signal SIGKILL\""));
}

static void a_worker_that_ends_by_itself_is_replaced(void **state)
{
    struct world *world = *state;
    pid_t before[8];
    assert_int_equal(router_workers(&world->router, before, 8), WORKERS);
    kill(before[1], SIGTERM);
    AWAIT(is_replaced(&world->router, before[1]));
    AWAIT(router_is_ready(&world->router));
    world_request_many(world, "orders", "replaced", 8, "{}");
    AWAIT(world_all_answered(world, "replaced", 8));
    assert_int_equal(router_logged_times(&world->router, 0, "\"cause\":\"exit status 0\""), 1);
    world_settle(world, "orders", PARTITIONS);
}

/* A process that is stopped shows what one does whose loop hangs in a call: nothing. The second one
 * goes on when it has been asked to stop, which it does without waiting for the first. */
static void workers_whose_loops_stand_are_named_and_replaced(void **state)
{
    struct world *world = *state;
    pid_t before[8];
    assert_int_equal(router_workers(&world->router, before, 8), WORKERS);
    size_t from = router_log_size(&world->router);
    kill(before[0], SIGSTOP);
    kill(before[1], SIGSTOP);
    AWAIT_WITHIN(60000, router_unready_for(&world->router, "wedged"));
    AWAIT(router_logged_times(&world->router, from, "\"event\":\"worker_wedged\"") == 2);
    assert_int_equal(router_get(&world->router, "/health/live", NULL), 200);
    kill(before[1], SIGCONT);
    AWAIT(is_replaced(&world->router, before[1]));
    AWAIT(is_replaced(&world->router, before[0]));
    AWAIT(router_is_ready(&world->router));
    assert_true(router_metric(&world->router, "worker_restarts_total{reason=\"wedged\"}") == 1);
    assert_true(router_logged(&world->router, from, "signal SIGKILL, its loop stood still"));
    assert_true(
        router_logged(&world->router, from, "\"message\":\"the master replaces the worker\""));
    world_request_many(world, "orders", "unwedged", 8, "{}");
    AWAIT(world_all_answered(world, "unwedged", 8));
    world_settle(world, "orders", PARTITIONS);
}

static void a_stop_of_several_workers_loses_and_repeats_nothing(void **state)
{
    struct world *world = *state;
    world_request_many(world, "orders", "stopped", 300, "{\"ms\":15}");
    AWAIT(world_all_answered(world, "stopped", 1));
    router_stop(&world->router);
    router_start(&world->router);
    AWAIT(world_all_answered(world, "stopped", 300));
    world_settle(world, "orders", PARTITIONS);
    world_assert_answered_once(world, "stopped", 300);
}

/* The router is killed and another started. */
static void workers_whose_master_is_killed_end_by_themselves_and_lose_nothing(void **state)
{
    struct world *world = *state;
    pid_t orphans[8];
    assert_int_equal(router_workers(&world->router, orphans, 8), WORKERS);
    world_request_many(world, "orders", "orphaned", 20, "{\"ms\":300}");
    AWAIT(router_metric(&world->router, "messages_in_flight") == 20);
    router_kill(&world->router);
    AWAIT(!process_alive(orphans[0]) && !process_alive(orphans[1]));
    router_start(&world->router);
    AWAIT(world_all_answered(world, "orphaned", 20));
    world_settle(world, "orders", PARTITIONS);
}

static void send_stuck(struct world *world, const char *json, int32_t partition)
{
    world_send(world,
               &(struct question){
                   .topic = "orders", .json = json, .to_partition = true, .partition = partition});
}

/* Both workers are amid Lua that does not end, while its budget lasts. */
static void workers_amid_endless_lua_end_too_when_their_master_is_killed(void **state)
{
    static const char *const stuck[] = {"{\"spin\":true}", "{\"wrap\":true}", "{\"search\":true}"};
    struct world *world = *state;
    pid_t orphans[8];
    router_stop(&world->router);
    router_config(&world->router, "defaults = { budget = { time = 2000 }, retry = { max = 0 } }");
    for (size_t i = 0; i < sizeof(stuck) / sizeof(stuck[0]); i++) {
        router_start(&world->router);
        assert_int_equal(router_workers(&world->router, orphans, 8), WORKERS);
        for (int32_t partition = 0; partition < PARTITIONS; partition++)
            send_stuck(world, stuck[i], partition);
        AWAIT(router_metric(&world->router, "messages_in_flight") >= WORKERS);
        router_kill(&world->router);
        AWAIT(!process_alive(orphans[0]) && !process_alive(orphans[1]));
    }
    router_start(&world->router);
    AWAIT(router_metric(&world->router, "dlq_messages_total") >= 1);
    world_settle(world, "orders", PARTITIONS);
}

static void a_stopped_router_leaves_no_process_behind(void **state)
{
    struct world *world = *state;
    pid_t pids[8];
    assert_int_equal(router_workers(&world->router, pids, 8), WORKERS);
    router_stop(&world->router);
    assert_false(process_alive(pids[0]));
    assert_false(process_alive(pids[1]));
    assert_int_equal(router_get(&world->router, "/health", NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_as_many_workers_as_asked_for_and_each_serves),
        cmocka_unit_test(a_worker_s_process_has_its_name),
        cmocka_unit_test(a_killed_worker_is_replaced_and_all_that_was_asked_is_answered),
        cmocka_unit_test(a_worker_that_ends_by_itself_is_replaced),
        cmocka_unit_test(workers_whose_loops_stand_are_named_and_replaced),
        cmocka_unit_test(a_stop_of_several_workers_loses_and_repeats_nothing),
        cmocka_unit_test(workers_whose_master_is_killed_end_by_themselves_and_lose_nothing),
        cmocka_unit_test(workers_amid_endless_lua_end_too_when_their_master_is_killed),
        cmocka_unit_test(a_stopped_router_leaves_no_process_behind),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
