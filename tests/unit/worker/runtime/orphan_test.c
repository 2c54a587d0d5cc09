/* A worker in a process of its own, and its master in another, which the test kills. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "worker/runtime/orphan.h"

enum { PATIENCE = 20000, TIME = 50, RUN = 7 };

/* In memory that all of them see. */
struct world {
    struct mr_slot slot;
    mr_cell interrupts; /* of the run, that the worker got */
    mr_cell watching;   /* the worker watches */
    mr_cell shutdown;   /* its shutdown_timeout */
    mr_cell late;       /* it watches when its master is gone already */
    mr_cell obedient;   /* the run ends when it is interrupted */
    pid_t master, worker;
};

static struct world *world;

static void await_cell(const mr_cell *cell, uint64_t least)
{
    uint64_t end = mr_clock_ms() + PATIENCE;
    while (mr_cell_get(cell) < least) {
        assert_true(mr_clock_ms() < end);
        usleep(1000);
    }
}

static void on_interrupt(int number, siginfo_t *info, void *unused)
{
    (void)number, (void)unused;
    if (info->si_code == SI_QUEUE && info->si_value.sival_ptr == (void *)RUN)
        mr_cell_add(&world->interrupts, 1);
    if (mr_cell_get(&world->obedient) != 0)
        mr_run_ends(&world->slot.run);
}

static _Noreturn void be_worker(int channel)
{
    struct sigaction action = {.sa_sigaction = on_interrupt, .sa_flags = SA_SIGINFO};
    pid_t master = getppid();
    world->worker = getpid();
    mr_cell_set(&world->slot.pid, (uint64_t)getpid());
    sigaction(SIGUSR2, &action, NULL);
    while (mr_cell_get(&world->late) != 0 && getppid() == master)
        usleep(1000);
    mr_orphan_watch(channel, &world->slot);
    mr_orphan_allow(mr_cell_get(&world->shutdown));
    mr_cell_set(&world->watching, 1);
    for (;;)
        pause();
}

static _Noreturn void be_master(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        _exit(1);
    if (fork() == 0) {
        close(ends[0]);
        be_worker(ends[1]);
    }
    close(ends[1]);
    for (;;)
        pause();
}

/* Orphans become this process's children. */
static int set_up(void **state)
{
    (void)state;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mr_cell_set(&world->shutdown, 600000);
    return world == MAP_FAILED ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (world->worker > 0)
        kill(world->worker, SIGKILL);
    if (world->master > 0)
        kill(world->master, SIGKILL);
    while (wait(NULL) > 0)
        ;
    return munmap(world, sizeof(*world));
}

static void begin(uint64_t time)
{
    if (time > 0)
        mr_run_begins(&world->slot.run, RUN, mr_clock_ms(), time);
    pid_t master = fork();
    if (master == 0)
        be_master();
    world->master = master;
    await_cell(mr_cell_get(&world->late) != 0 ? &world->slot.pid : &world->watching, 1);
}

static void kill_master(void)
{
    kill(world->master, SIGKILL);
    waitpid(world->master, NULL, 0);
}

static void assert_worker_is_killed(void)
{
    int status = 0;
    uint64_t end = mr_clock_ms() + PATIENCE;
    while (waitpid(world->worker, &status, WNOHANG) != world->worker) {
        assert_true(mr_clock_ms() < end);
        usleep(1000);
    }
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_run_over_its_budget_is_interrupted_and_then_the_worker_ended(void **state)
{
    (void)state;
    begin(TIME);
    kill_master();
    await_cell(&world->interrupts, 3);
    assert_worker_is_killed();
}

static void a_run_that_ends_when_it_is_interrupted_leaves_the_stop_to_the_loop(void **state)
{
    (void)state;
    mr_cell_set(&world->obedient, 1);
    mr_cell_set(&world->shutdown, 0);
    begin(TIME);
    uint64_t began = mr_clock_ms();
    kill_master();
    await_cell(&world->interrupts, 1);
    assert_worker_is_killed(); /* as its loop never stops */
    assert_true(mr_clock_ms() - began >= MR_STOP_GRACE);
}

static void a_master_that_died_before_is_missed_too(void **state)
{
    (void)state;
    mr_cell_set(&world->late, 1);
    begin(TIME);
    kill_master();
    await_cell(&world->interrupts, 1);
    assert_worker_is_killed();
}

static void while_the_master_is_there_even_stopped_nothing_happens(void **state)
{
    (void)state;
    begin(TIME);
    kill(world->master, SIGSTOP);
    kill(world->worker, SIGALRM);
    uint64_t over = mr_clock_ms() + 3 * TIME; /* what a timer would have done, it has by then */
    while (mr_clock_ms() < over)
        usleep(1000);
    assert_int_equal(mr_cell_get(&world->interrupts), 0);
    assert_int_equal(waitpid(world->worker, NULL, WNOHANG), -1); /* not ours: its master lives */
    assert_int_equal(kill(world->worker, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_run_over_its_budget_is_interrupted_and_then_the_worker_ended, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_run_that_ends_when_it_is_interrupted_leaves_the_stop_to_the_loop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_master_that_died_before_is_missed_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(while_the_master_is_there_even_stopped_nothing_happens,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
