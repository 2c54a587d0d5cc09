#include "lua/run/profiler.h"

#include <luajit.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#include "base/panic.h"

static void on_profile(void *data, lua_State *L, int samples, int state)
{
    (void)data, (void)L, (void)samples, (void)state;
}

/* Uses mode l, in which compiled code looks for the tick at each line. Without the timer nothing
 * sends SIGPROF, so no idle worker wakes up and no thread of librdkafka is interrupted. */
mr_tick_fn *mr_profiler_start(lua_State *L)
{
    static const struct itimerval never;
    struct sigaction action;
    luaJIT_profile_start(L, "l", on_profile, NULL);
    MR_ASSERT(setitimer(ITIMER_PROF, &never, NULL) == 0);
    MR_ASSERT(sigaction(SIGPROF, NULL, &action) == 0);
    MR_ASSERT(action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
    return action.sa_handler;
}

void mr_profiler_stop(lua_State *L)
{
    luaJIT_profile_stop(L);
}
