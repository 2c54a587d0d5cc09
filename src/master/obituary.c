#include "master/obituary.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"

void mr_obituary_cause(int status, char cause[MR_OBITUARY_CAUSE])
{
    if (!WIFSIGNALED(status)) {
        snprintf(cause, MR_OBITUARY_CAUSE, "exit status %d", WEXITSTATUS(status));
        return;
    }
    const char *name = sigabbrev_np(WTERMSIG(status));
    if (name != NULL)
        snprintf(cause, MR_OBITUARY_CAUSE, "signal SIG%s", name);
    else
        snprintf(cause, MR_OBITUARY_CAUSE, "signal %d", WTERMSIG(status));
}

/* The name of the topic whose message was at work, "" where there was none. The worker may have
 * died amid anything. */
static const char *running_topic(const struct mr_slot *slot)
{
    uint64_t index = mr_cell_get(&slot->running_topic);
    return index == 0 || index > MR_SLOT_TOPICS ? "" : slot->topics[index - 1].name;
}

void mr_obituary_log(uint64_t worker, pid_t pid, int status, const struct mr_slot *slot, bool asked)
{
    char cause[MR_OBITUARY_CAUSE];
    mr_obituary_cause(status, cause);
    const char *topic = running_topic(slot);
    if (asked && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        mr_log(MR_LOG_INFO, "worker_stopped", MR_I("worker", worker), MR_I("pid", pid));
    else if (topic[0] == '\0')
        mr_log(MR_LOG_ERROR, "worker_died", MR_I("worker", worker), MR_I("pid", pid),
               MR_S("cause", cause));
    else
        mr_log(MR_LOG_ERROR, "worker_died", MR_I("worker", worker), MR_I("pid", pid),
               MR_S("cause", cause), MR_S("topic", topic),
               MR_I("partition", mr_cell_get(&slot->running_partition)),
               MR_I("offset", mr_cell_get(&slot->running_offset)),
               MR_I("running_ms", mr_clock_ms() - mr_cell_get(&slot->running_since)),
               MR_S("message", "it was handling the message named"));
}
