/* What the router has from its parent and what it leaves to its children: descriptors and signals.
 */
#include <signal.h>
#include <sys/wait.h>

#include "base/panic.h"
#include "harness/process.h"
#include "harness/world.h"

static const char handler[] =
    "local commands = 'ls -l /proc/self/fd | wc -l; readlink /proc/self/fd/*; '\n"
    "  .. 'grep -E \"Sig(Blk|Ign)\" /proc/self/status | tr -d \"\\\\n\"'\n"
    "function handleMessage(_, message)\n"
    "  if message.popen then\n"
    "    local pipe = io.popen(commands)\n"
    "    local text = pipe:read('*a')\n"
    "    pipe:close()\n"
    "    return text\n"
    "  end\n"
    "  os.execute('{ ' .. commands .. '; } >' .. message.file)\n"
    "  local file = io.open(message.file)\n"
    "  local text = file:read('*a')\n"
    "  file:close()\n"
    "  return text\n"
    "end\n";

static int set_up(void **state)
{
    struct world *world = world_new(1, 2);
    *state = world;
    world_serve(world, "orders", 4, handler);
    router_config(&world->router, "sandbox = false, log = { file = 'log' }");
    return 0;
}

/* Standard input, output and error, and the folder that ls reads: four lines and a heading. */
static void assert_like_a_fresh_process(const struct record *reply)
{
    char *text = mr_strndup(reply->value.data, reply->value.length);
    const char *ignored = strstr(text, "SigBlk:\\t0000000000000000SigIgn:\\t");
    assert_non_null(ignored);
    /* The C library keeps two real-time signals for itself and leaves them ignored. */
    assert_true(strstr(ignored, "Ign:\\t0000000000000000\"") != NULL ||
                strstr(ignored, "Ign:\\t0000000180000000\"") != NULL);
    assert_true(strncmp(text, "\"5\\n", 4) == 0);
    assert_null(strstr(text, "moonroute-scoreboard"));
    assert_null(strstr(text, "socket:"));
    free(text);
}

static void a_script_s_children_get_no_descriptor_and_no_signal_of_ours(void **state)
{
    struct world *world = *state;
    router_start(&world->router);
    assert_like_a_fresh_process(world_ask(world, "orders", "{\"popen\":true}"));
    assert_like_a_fresh_process(world_ask(world, "orders", "{\"file\":\"found\"}"));
    router_stop(&world->router);
}

static void closed_standard_descriptors_become_nothing_of_ours(void **state)
{
    struct world *world = *state;
    char path[64], target[256] = "";
    world->router.closed = true;
    router_start(&world->router);
    for (int fd = 0; fd <= 2; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)world->router.pid, fd);
        ssize_t length = readlink(path, target, sizeof(target) - 1);
        assert_true(length > 0);
        target[length] = '\0';
        assert_string_equal(target, "/dev/null");
    }
    assert_non_null(world_ask(world, "orders", "{\"popen\":true}"));
    assert_true(router_reload(&world->router));
    router_stop(&world->router);
    world->router.closed = false;
}

static void signals_that_come_before_the_loop_is_there_are_obeyed_by_it(void **state)
{
    struct world *world = *state;
    world->router.blocked = true;
    router_begin(&world->router);
    router_signal(&world->router, SIGUSR1);
    router_signal(&world->router, SIGHUP);
    AWAIT(router_logged(&world->router, world->router.started_at, "\"event\":\"reload_done\""));
    router_signal(&world->router, SIGTERM);
    assert_int_equal(router_await_exit(&world->router, ROUTER_STOP_MS), 0);
    router_begin(&world->router);
    router_signal(&world->router, SIGTERM);
    assert_int_equal(router_await_exit(&world->router, ROUTER_STOP_MS), 0);
    world->router.blocked = false;
}

static void commands_that_cannot_print_say_so_and_obey_signals_that_the_parent_blocked(void **state)
{
    struct world *world = *state;
    struct process process = {.folder = &world->router.folder,
                              .out = "out",
                              .err = "err",
                              .arguments = {"version"},
                              .closed = true};
    assert_int_equal(process_await(process_start(&process), PATIENCE), 70);
    process = (struct process){.folder = &world->router.folder,
                               .out = "out",
                               .err = "err",
                               .arguments = {"request", "orders", "{}", "--brokers", "127.0.0.1:9"},
                               .blocked = true};
    pid_t pid = process_start(&process);
    int status = 0;
    kill(pid, SIGTERM);
    AWAIT(waitpid(pid, &status, WNOHANG) == pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_s_children_get_no_descriptor_and_no_signal_of_ours),
        cmocka_unit_test(closed_standard_descriptors_become_nothing_of_ours),
        cmocka_unit_test(signals_that_come_before_the_loop_is_there_are_obeyed_by_it),
        cmocka_unit_test(
            commands_that_cannot_print_say_so_and_obey_signals_that_the_parent_blocked),
    };
    return cmocka_run_group_tests(tests, set_up, world_tear_down);
}
