#include "worker/consumer/commit_line.h"

#include "base/panic.h"
#include "worker/job/job.h"

void mr_line_join(struct mr_line *line, struct mr_job *job)
{
    job->lined = true;
    job->after = NULL;
    if (line->first == NULL)
        line->first = job;
    else
        line->last->after = job;
    line->last = job;
}

static struct mr_job *not_entered(const struct mr_line *line)
{
    return line->latest == NULL ? line->first : line->latest->after;
}

struct mr_job *mr_line_next(const struct mr_line *line)
{
    struct mr_job *job = not_entered(line);
    return job != NULL && job->finished && !job->dropped && !line->broken ? job : NULL;
}

void mr_line_enter(struct mr_line *line)
{
    line->latest = mr_line_next(line);
    MR_ASSERT(line->latest != NULL);
    line->entered++;
}

static struct mr_job *take_first(struct mr_line *line)
{
    struct mr_job *job = line->first;
    line->first = job->after;
    job->lined = false;
    return job;
}

struct mr_job *mr_line_leave(struct mr_line *line)
{
    MR_ASSERT(line->entered > 0);
    if (--line->entered == 0)
        line->latest = NULL;
    return take_first(line);
}

void mr_line_rewind(struct mr_line *line)
{
    line->latest = NULL;
    line->entered = 0;
}

struct mr_job *mr_line_drop(struct mr_line *line)
{
    struct mr_job *job = line->first;
    if (job == NULL || line->entered > 0 || !job->finished || (!job->dropped && !line->broken))
        return NULL;
    line->broken = true;
    job->dropped = true;
    return take_first(line);
}
