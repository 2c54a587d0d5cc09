#include "master/obituary.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/exit.h"
#include "base/log.h"

/* Names the reason, if a budget, the master or the worker's group caused the end; otherwise "". */
static const char *reason_of(int status, enum mr_forced forced)
{
    if (forced == MR_FORCED_WEDGED)
        return ", its loop stood still";
    if (forced == MR_FORCED_OVERRAN)
        return ", over its time budget and impossible to interrupt";
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    if (code == MR_EXIT_FENCED)
        return ", another member has its name in a group";
    return code == MR_EXIT_MEMORY ? ", at twice its memory budget" : "";
}

void mr_obituary_cause(int status, enum mr_forced forced, char cause[MR_OBITUARY_CAUSE])
{
    const char *reason = reason_of(status, forced);
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
    if (!WIFSIGNALED(status))
        snprintf(cause, MR_OBITUARY_CAUSE, "exit status %d%s", WEXITSTATUS(status), reason);
    else if (name != NULL)
        snprintf(cause, MR_OBITUARY_CAUSE, "signal SIG%s%s", name, reason);
    else
        snprintf(cause, MR_OBITUARY_CAUSE, "signal %d%s", WTERMSIG(status), reason);
}

bool mr_obituary_in_order(int status, bool asked)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return code == MR_EXIT_FULL || (asked && code == MR_EXIT_OK);
}

void mr_obituary_log(uint64_t worker, pid_t pid, const char *cause, const struct mr_slot *slot,
                     bool in_order)
{
    struct mr_running running;
    bool at_work = mr_slot_running(slot, &running);
    if (in_order)
        mr_log(MR_LOG_INFO, "worker_stopped", MR_I("worker", worker), MR_I("pid", pid));
    else if (!at_work)
        mr_log(MR_LOG_ERROR, "worker_died", MR_I("worker", worker), MR_I("pid", pid),
               MR_S("cause", cause));
    else if (running.topic[0] == '\0')
        mr_log(MR_LOG_ERROR, "worker_died", MR_I("worker", worker), MR_I("pid", pid),
               MR_S("cause", cause), MR_S("message", "the worker was loading scripts"));
    else
        mr_log(MR_LOG_ERROR, "worker_died", MR_I("worker", worker), MR_I("pid", pid),
               MR_S("cause", cause), MR_S("topic", running.topic),
               MR_I("partition", running.partition), MR_I("offset", running.offset),
               MR_I("running_ms", mr_clock_ms() - running.since),
               MR_S("message", "the worker was handling the named message"));
}
