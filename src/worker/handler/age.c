#include "worker/handler/age.h"

#include "base/log.h"

enum { NS_PER_S = 1000000000 };

static void report(const struct mr_job *job, uint64_t age)
{
    mr_log(MR_LOG_WARN, "handler_old", MR_S("topic", job->partition->topic),
           MR_I("partition", job->partition->number), MR_I("offset", job->message.offset),
           MR_I("seconds", age),
           MR_S("message", "the handler has not ended yet. Offsets of later messages of its "
                           "partition are not committed; budget.total ends such a handler"));
}

void mr_age_look(struct mr_dispatch *dispatch, uint64_t now)
{
    const struct mr_job *oldest = dispatch->at_work.first;
    for (const struct mr_job *job = oldest; job != NULL; job = job->next)
        oldest = job->began < oldest->began ? job : oldest;
    uint64_t age = oldest == NULL || oldest->began > now ? 0 : (now - oldest->began) / NS_PER_S;
    mr_cell_set(&dispatch->slot->gauges[MR_OLDEST_HANDLER_SECONDS], age);
    if (age < MR_HANDLER_OLD_S || oldest->began <= dispatch->old_began)
        return; /* handlers that began earlier were logged earlier */
    dispatch->old_began = oldest->began;
    report(oldest, age);
}
