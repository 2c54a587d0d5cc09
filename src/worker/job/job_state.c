#include "worker/job/job_state.h"

#include "base/log.h"
#include "base/panic.h"
#include "base/scoreboard.h"

#define NEXT(state, name, listed, next)   [MR_JOB_##state] = (next),
#define LISTED(state, name, listed, next) | (unsigned)(listed) << MR_JOB_##state
static const unsigned followers[MR_JOB_STATES] = {MR_JOB_STATE_TABLE(NEXT)};
enum { LISTED_STATES = 0 MR_JOB_STATE_TABLE(LISTED) };
#undef NEXT
#undef LISTED

bool mr_job_may_become(enum mr_job_state from, enum mr_job_state to)
{
    return (followers[from] & 1U << to) != 0;
}

bool mr_job_is_to_start(const struct mr_job *job)
{
    return job->state < MR_JOB_RUNNING;
}

static __attribute__((noinline)) void report(const struct mr_job *job, enum mr_job_state from)
{
    mr_log(MR_LOG_DEBUG, "job_state", MR_S("topic", job->message.topic),
           MR_I("partition", job->message.partition), MR_I("offset", job->message.offset),
           MR_S("from", mr_job_state_names[from]), MR_S("to", mr_job_state_names[job->state]));
}

static inline __attribute__((always_inline)) void change(struct mr_job *job, enum mr_job_state next,
                                                         const struct mr_job_list *list)
{
    MR_ASSERT(mr_job_may_become(job->state, next));
    MR_ASSERT(((LISTED_STATES & 1U << next) != 0) == (list != NULL));
    if (job->pool != NULL) {
        job->pool->count[job->state]--;
        job->pool->count[next]++;
        mr_messages_move(job->row, job->state, next);
    }
    mr_job_list_remove(job);
    job->state = next;
}

void mr_job_become(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list)
{
    const enum mr_job_state from = job->state;
    change(job, next, list);
    if (list != NULL)
        mr_job_list_push(list, job);
    if (mr_log_enabled(MR_LOG_DEBUG))
        report(job, from);
}

void mr_job_become_first(struct mr_job *job, enum mr_job_state next, struct mr_job_list *list)
{
    const enum mr_job_state from = job->state;
    change(job, next, list);
    mr_job_list_push_first(list, job);
    if (mr_log_enabled(MR_LOG_DEBUG))
        report(job, from);
}
