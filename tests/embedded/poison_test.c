/* Messages that workers die of: handled again after the first death, answered and kept out of the
 * handlers after the second, by whichever worker has the partition then. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "harness/process.h"
#include "harness/world.h"

static const char deadly[] = "local router = require 'moonroute'\n"
                             "function handleMessage(topic, message)\n"
                             "  if message.wait then router.sleep(message.wait) end\n"
                             "  while router.now() < (message.till or 0) do end\n"
                             "  return 'survived'\n"
                             "end\n";

/* Fails once, so that its second attempt, by way of the retry topic, is what kills. */
static const char again[] = "local router = require 'moonroute'\n"
                            "function handleMessage(topic, message, headers, context)\n"
                            "  if context.attempt == 1 then error('once more') end\n"
                            "  while router.now() < 9e15 do end\n"
                            "end\n";

/* C works on the pattern for years, and cannot be interrupted. */
static const char mixed[] = "local router = require 'moonroute'\n"
                            "function handleMessage(topic, message)\n"
                            "  if message.deadly then\n"
                            "    ('a'):rep(3e5):find(('a*'):rep(12) .. 'b')\n"
                            "  elseif message.bad then\n"
                            "    router.reject('it is bad')\n"
                            "  else\n"
                            "    router.publish('effects', message, { key = message.id })\n"
                            "  end\n"
                            "end\n";
enum { MIXED = 2 /* partitions */ };

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "deadly", 1, deadly);
    cluster_topic(&world->cluster, "deadly-dlq", 1);
    client_read(world->client, "deadly-dlq", 1);
    world_serve(world, "again", 1, again);
    cluster_topic(&world->cluster, "again-retry", 1);
    cluster_topic(&world->cluster, "again-dlq", 1);
    client_read(world->client, "again-dlq", 1);
    world_serve(world, "mixed", MIXED, mixed);
    cluster_topic(&world->cluster, "effects", 1);
    cluster_topic(&world->cluster, "mixed-dlq", MIXED);
    client_read(world->client, "effects", 1);
    client_read(world->client, "mixed-dlq", MIXED);
    router_config(
        &world->router,
        "commit_interval = 5000, defaults = { retry = { max = 0 }, budget = { time = 60000 } }, "
        "routes = { mixed = { budget = { time = 200 } }, again = { retry = { mode = 'topic', max = "
        "3, base = 10, requests = true } } }");
    router_start(&world->router);
    return 0;
}

static void kill_worker(struct world *world, int number)
{
    pid_t pids[8];
    assert_int_equal(router_workers(&world->router, pids, 8), 1);
    kill(pids[0], number);
    AWAIT(!process_alive(pids[0]));
}

/* One that ends by itself, as an attempt that fails, does not last so long. */
static bool runs_without_end(const struct router *router, const char *topic)
{
    enum { LONG_MS = 50 };
    char running[64], *status;
    snprintf(running, sizeof(running), "\"running\":{\"topic\":\"%s\"", topic);
    router_get(router, "/status", &status);
    const char *found = strstr(status, running);
    const char *ms = found == NULL ? NULL : strstr(found, "\"ms\":");
    bool lasts = ms != NULL && strtoull(ms + strlen("\"ms\":"), NULL, 10) >= LONG_MS;
    free(status);
    return lasts;
}

/* Kills the worker amid the message. */
static void kill_at(struct world *world, const char *topic, int number)
{
    double restarts = router_metric(&world->router, "worker_restarts_total");
    AWAIT(runs_without_end(&world->router, topic));
    kill_worker(world, number);
    AWAIT(router_metric(&world->router, "worker_restarts_total") == restarts + 1);
}

static void kill_at_work(struct world *world, int number)
{
    kill_at(world, "deadly", number);
}

static void assert_crash(const struct record *reply, const char *cause)
{
    char wanted[300];
    snprintf(wanted, sizeof(wanted),
             "{\"statusCode\":500,\"message\":\"workers died twice while handling this message: "
             "signal %s\","
             "\"error\":\"InternalServerError\"}",
             cause);
    assert_text(record_header(reply, "status-code"), "500");
    assert_text(reply->value, wanted);
}

static void a_message_that_killed_two_workers_is_answered_with_the_signal(void **state)
{
    struct world *world = *state;
    const char *id = unique("deadly");
    size_t from = router_log_size(&world->router);
    world_request(world, "deadly", NULL, id, "{\"till\":9e15}");
    kill_at_work(world, SIGKILL);
    assert_int_equal(world_replies(world, id), 0);
    kill_at_work(world, SIGABRT); /* SIGSEGV is a sanitizer's own */
    assert_crash(world_reply(world, id), "SIGABRT");
    const struct record *letter = client_await(world->client, "deadly-dlq", 0);
    assert_text(letter->value, "{\"till\":9e15}");
    assert_text(record_header(letter, "error"),
                "workers died twice while handling this message: signal SIGABRT");
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"worker_died\""), 2);
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"message_poisoned\""),
                     1);
    assert_true(
        router_logged(&world->router, from, "\"cause\":\"signal SIGABRT\",\"topic\":\"deadly\""));
    world_settle(world, "deadly", 1);
    assert_text(world_ask(world, "deadly", "{}")->value, "\"survived\"");
}

static void after_one_death_it_is_handled_like_any_other(void **state)
{
    struct world *world = *state;
    const char *id = unique("once");
    char json[64]; /* the next worker is not there before that */
    snprintf(json, sizeof(json), "{\"till\":%lld}", (long long)mr_clock_wall_ms() + 3000);
    world_request(world, "deadly", NULL, id, json);
    kill_at_work(world, SIGKILL);
    assert_text(world_reply(world, id)->value, "\"survived\"");
}

static void a_message_that_only_waited_is_innocent(void **state)
{
    struct world *world = *state;
    const char *id = unique("waiting");
    world_request(world, "deadly", NULL, id, "{\"wait\":3000}");
    for (int i = 0; i < 2; i++) {
        AWAIT(router_metric(&world->router, "messages_in_flight") == 1);
        kill_worker(world, SIGKILL);
        AWAIT(router_metric(&world->router, "messages_in_flight") == 0);
    }
    assert_text(world_reply(world, id)->value, "\"survived\"");
}

/* Whoever handles it in its own topic again leaves another in the retry topic: all are one. */
static void one_that_kills_by_way_of_its_retry_topic_is_kept_out_everywhere(void **state)
{
    struct world *world = *state;
    const char *id = unique("again");
    size_t from = router_log_size(&world->router);
    world_request(world, "again", NULL, id, "{}");
    kill_at(world, "again", SIGKILL);
    kill_at(world, "again", SIGKILL);
    assert_crash(world_reply(world, id), "SIGKILL");
    assert_text(record_header(client_await(world->client, "again-dlq", 0), "original-topic"),
                "again");
    world_settle(world, "again", 1);
    world_settle(world, "again-retry", 1);
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"worker_died\""), 2);
    assert_int_equal(router_logged_times(&world->router, from, "\"event\":\"message_poisoned\""),
                     1);
}

static void send_mixed(struct world *world, int32_t partition, const char *json)
{
    world_send(world,
               &(const struct question){
                   .topic = "mixed", .json = json, .to_partition = true, .partition = partition});
}

static size_t letters(struct world *world, const char *json)
{
    return client_count_of(world->client, "mixed-dlq", mr_bytes_of(json));
}

/* However many deaths there are: the second run of a deadly message, and what follows on its
 * verdict, begin when all before them is committed. */
static void deadly_messages_repeat_others_once_at_most(void **state)
{
    static const char bad[] = "{\"bad\":1}", *const killers[] = {"{\"deadly\":1}", "{\"deadly\":2}",
                                                                 "{\"deadly\":3}"};
    struct world *world = *state;
    send_mixed(world, 0, "{\"id\":\"first\"}");
    send_mixed(world, 0, bad);
    for (size_t i = 0; i < 3; i++)
        send_mixed(world, 0, killers[i]);
    send_mixed(world, 0, "{\"id\":\"last\"}");
    send_mixed(world, 1, "{\"id\":\"beside\"}");
    world_settle(world, "mixed", MIXED);
    client_catch_up(world->client, "effects", 1);
    client_catch_up(world->client, "mixed-dlq", MIXED);
    static const char *const good[] = {"first", "last", "beside"};
    for (size_t i = 0; i < 3; i++) {
        assert_in_range(client_count_key(world->client, "effects", good[i]), 1, 2);
        assert_in_range(letters(world, killers[i]), 1, 2);
    }
    assert_in_range(letters(world, bad), 1, 2);
}

/* The router is killed with all its processes when the message has killed one worker. */
static void the_list_outlives_the_master(void **state)
{
    struct world *world = *state;
    const char *id = unique("master");
    world_request(world, "deadly", NULL, id, "{\"till\":9e15}");
    kill_at_work(world, SIGKILL);
    AWAIT(runs_without_end(&world->router, "deadly"));
    pid_t pids[8];
    assert_int_equal(router_workers(&world->router, pids, 8), 1);
    router_kill(&world->router);
    kill(pids[0], SIGKILL);
    AWAIT(!process_alive(pids[0]));
    router_start(&world->router);
    kill_at_work(world, SIGABRT);
    assert_crash(world_reply(world, id), "SIGABRT");
    world_settle(world, "deadly", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_that_killed_two_workers_is_answered_with_the_signal),
        cmocka_unit_test(after_one_death_it_is_handled_like_any_other),
        cmocka_unit_test(a_message_that_only_waited_is_innocent),
        cmocka_unit_test(one_that_kills_by_way_of_its_retry_topic_is_kept_out_everywhere),
        cmocka_unit_test(deadly_messages_repeat_others_once_at_most),
        cmocka_unit_test(the_list_outlives_the_master),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
