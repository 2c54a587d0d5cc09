#include "worker/consumer/commit_line.h"

#include "base/panic.h"
#include "worker/job/job_state.h"

void mr_commit_line_join(struct mr_commit_line *line, struct mr_job *job)
{
    job->line = line;
    job->after = NULL;
    if (line->first == NULL)
        line->first = job;
    else
        line->last->after = job;
    line->last = job;
}

static struct mr_job *not_entered(const struct mr_commit_line *line)
{
    return line->latest == NULL ? line->first : line->latest->after;
}

struct mr_job *mr_commit_line_next(const struct mr_commit_line *line)
{
    struct mr_job *job = not_entered(line);
    return job != NULL && job->state == MR_JOB_COMMITTABLE && !line->broken ? job : NULL;
}

void mr_commit_line_enter(struct mr_commit_line *line)
{
    line->latest = mr_commit_line_next(line);
    MR_ASSERT(line->latest != NULL);
    mr_job_become(line->latest, MR_JOB_IN_TRANSACTION, NULL);
    line->entered++;
}

static struct mr_job *take_first(struct mr_commit_line *line)
{
    struct mr_job *job = line->first;
    line->first = job->after;
    job->line = NULL;
    return job;
}

struct mr_job *mr_commit_line_leave(struct mr_commit_line *line)
{
    MR_ASSERT(line->entered > 0);
    if (--line->entered == 0)
        line->latest = NULL;
    return take_first(line);
}

/* Jobs to blame have left that state already (worker/transaction/culprit.c). */
void mr_commit_line_rewind(struct mr_commit_line *line)
{
    struct mr_job *job = line->first;
    for (; line->entered > 0; line->entered--, job = job->after)
        if (job->state == MR_JOB_IN_TRANSACTION)
            mr_job_become(job, MR_JOB_COMMITTABLE, NULL);
    line->latest = NULL;
}

/* Nothing of the job is on its way any more. */
static bool is_finished(const struct mr_job *job)
{
    return job->state == MR_JOB_COMMITTABLE ||
           (job->state == MR_JOB_ABANDONED && job->deliveries == 0);
}

struct mr_job *mr_commit_line_drop(struct mr_commit_line *line)
{
    struct mr_job *job = line->first;
    if (job == NULL || line->entered > 0 || !is_finished(job) ||
        (job->state != MR_JOB_ABANDONED && !line->broken))
        return NULL;
    line->broken = true;
    if (job->state != MR_JOB_ABANDONED)
        mr_job_become(job, MR_JOB_ABANDONED, NULL);
    return take_first(line);
}
