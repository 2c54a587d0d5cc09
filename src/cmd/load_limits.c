/* A timer's signal does what the master does for a worker: it looks at the run of Lua that is in
 * progress and interrupts it. The handler makes only calls that are safe in one. */
#include "cmd/load_limits.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/panic.h"
#include "base/scoreboard.h"
#include "worker/handler/budgets.h"

enum { LOOK_US = 10000 };

static struct mr_run run;

/* The run goes on in a C function, which cannot be interrupted. */
static _Noreturn void end(void)
{
    static const char why[] =
        "the scripts do not load within their time budget: a C function, such "
        "as string.find, does not come to an end\n";
    ssize_t written = write(STDERR_FILENO, why, strlen(why));
    _exit(written < 0 ? MR_EXIT_INTERNAL : MR_EXIT_DATA);
}

static void on_alarm(int number)
{
    int kept = errno;
    uint64_t time = mr_cell_get(&run.time), since = mr_cell_get(&run.since);
    uint64_t current = mr_cell_get(&run.number), now = mr_clock_ms();
    (void)number;
    if (current != 0 && time != 0 && now >= since + 2 * time + MR_OVERRUN_PATIENCE)
        end();
    if (current != 0 && time != 0 && now >= since + time)
        mr_interrupt(getpid(), current);
    errno = kept;
}

void mr_load_limits_set(struct mr_vm *vm, const struct mr_config *config)
{
    static const struct itimerval looks = {{.tv_usec = LOOK_US}, {.tv_usec = LOOK_US}};
    struct mr_limits limits = mr_budgets_of_loads(config);
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    mr_vm_show(vm, &run);
    mr_vm_limit_loads(vm, &limits);
    sigemptyset(&action.sa_mask);
    MR_ASSERT(sigaction(SIGALRM, &action, NULL) == 0);
    MR_ASSERT(setitimer(ITIMER_REAL, &looks, NULL) == 0);
}
