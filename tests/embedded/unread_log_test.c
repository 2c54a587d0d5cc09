/* A log that nobody reads: messages are handled, health and signals are served. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/world.h"

enum { MANY = 300 };

static const char talkative[] =
    "local router = require 'moonroute'\n"
    "function handleMessage() router.log.info(('x'):rep(16000)) return 'here' end\n";

static int set_up(void **state)
{
    struct world *world = world_new(1, 1);
    *state = world;
    world_serve(world, "talkative", 1, talkative);
    router_config(&world->router, "log = { file = 'log' }");
    router_start(&world->router);
    return 0;
}

/* Has the log written into a pipe, of which this process holds the end to read. */
static int use_pipe(struct world *world, const char *log, const char *kept)
{
    char byte;
    assert_int_equal(rename(log, kept), 0);
    assert_int_equal(mkfifo(log, 0600), 0);
    int fd = open(log, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(fd >= 0);
    router_signal(&world->router, SIGUSR1);
    AWAIT(read(fd, &byte, 1) != 0); /* somebody has opened it to write */
    return fd;
}

static void messages_are_handled_and_the_router_stops(void **state)
{
    struct world *world = *state;
    char log[300], kept[300];
    snprintf(log, sizeof(log), "%s/log", world->router.folder.path);
    snprintf(kept, sizeof(kept), "%s/kept", world->router.folder.path);
    int fd = use_pipe(world, log, kept);
    world_request_many(world, "talkative", "many", MANY, "{}");
    client_flush(world->client);
    AWAIT(world_all_answered(world, "many", MANY));
    world_assert_answered_once(world, "many", MANY);
    AWAIT(router_metric(&world->router, "log_lines_dropped_total") > 0);
    assert_true(router_is_ready(&world->router));
    assert_int_equal((int)router_metric(&world->router, "worker_restarts_total"), 0);
    assert_int_equal(rename(kept, log), 0); /* the harness reads the log of a router that stops */
    router_stop(&world->router);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(messages_are_handled_and_the_router_stops, set_up,
                                        world_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
