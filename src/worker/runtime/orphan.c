/* After the master's death everything happens in the handler of SIGALRM, on any thread, amid
 * anything. So the handler makes only calls that are safe there. The data that it reads is written
 * once, or in one piece. */
#include "worker/runtime/orphan.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/panic.h"

enum { LOOK_US = 10000, LOAD_MOST = 20000 /* ms; before there is a shutdown_timeout */ };

static struct {
    pid_t master;
    int channel;
    const struct mr_slot *_Atomic slot;
    mr_cell allowed;         /* ms */
    mr_cell since;           /* monotonic ms, when the master was first found dead; 0: alive */
    mr_cell run, over_since; /* the run that was interrupted, and when first, ms */
} orphan;

/* Returns true if the parent is another process, or if the other end of the channel is closed. The
 * channel alone does not suffice: a master's threads close its files after its death was signalled.
 * Nor does the parent: across namespaces every parent may have the number 0. */
static bool is_orphan(void)
{
    struct pollfd end = {.fd = orphan.channel, .events = POLLRDHUP};
    return getppid() != orphan.master ||
           (poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP)) != 0);
}

static _Noreturn void end(void)
{
    kill(getpid(), SIGKILL);
    _exit(1); /* never reached */
}

static void limit_run(uint64_t now)
{
    const struct mr_slot *slot = orphan.slot;
    struct mr_running running;
    if (slot == NULL || !mr_slot_running(slot, &running) || running.time == 0 ||
        now < running.since + running.time)
        return;
    if (mr_cell_get(&orphan.run) != running.number)
        mr_cell_set(&orphan.over_since, now);
    mr_cell_set(&orphan.run, running.number);
    uint64_t patience = running.time > MR_OVERRUN_PATIENCE ? running.time : MR_OVERRUN_PATIENCE;
    if (now >= mr_cell_get(&orphan.over_since) + patience)
        end();
    mr_interrupt(getpid(), running.number);
}

static void on_alarm(int number)
{
    static const struct itimerval looks = {{.tv_usec = LOOK_US}, {.tv_usec = LOOK_US}};
    int kept = errno;
    uint64_t now = mr_clock_ms();
    (void)number;
    if (mr_cell_get(&orphan.since) == 0 && is_orphan()) {
        mr_cell_set(&orphan.since, now);
        setitimer(ITIMER_REAL, &looks, NULL);
    }
    if (mr_cell_get(&orphan.since) != 0) {
        if (now >= mr_cell_get(&orphan.since) + mr_cell_get(&orphan.allowed))
            end();
        limit_run(now);
    }
    errno = kept;
}

void mr_orphan_allow(uint64_t shutdown_timeout)
{
    mr_cell_set(&orphan.allowed, shutdown_timeout + MR_STOP_GRACE);
}

void mr_orphan_forget_slot(void)
{
    orphan.slot = NULL;
}

void mr_orphan_watch(int channel, const struct mr_slot *slot)
{
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    orphan.master = getppid();
    orphan.channel = channel;
    orphan.slot = slot;
    mr_orphan_allow(LOAD_MOST);
    sigemptyset(&action.sa_mask);
    MR_ASSERT(sigaction(SIGALRM, &action, NULL) == 0);
    MR_ASSERT(prctl(PR_SET_PDEATHSIG, SIGALRM) == 0);
    /* If the master died before that, no signal came. */
    on_alarm(SIGALRM);
}
