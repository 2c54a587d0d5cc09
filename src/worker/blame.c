#include "worker/blame.h"

#include <stdio.h>

#include "base/panic.h"

void mr_blame_note(struct mr_blame *blame, enum mr_sent how, const char *why)
{
    blame->how = how;
    snprintf(blame->why, sizeof(blame->why), "%s", why);
}

static void one_less(struct mr_blame *blame)
{
    if (blame->alone > 0)
        blame->alone--;
}

void mr_blame_find(struct mr_blame *blame, const struct mr_batch *batch, struct mr_job_list *list)
{
    one_less(blame);
    mr_batch_refused(batch, list);
    if (blame->how == MR_SENT_BACK || list->first != NULL)
        return;
    MR_ASSERT(batch->members != NULL);
    struct mr_job *first = batch->members->line.first;
    if (batch->jobs > 1 || first->held == NULL) {
        blame->alone = batch->jobs;
        return;
    }
    mr_held_fail(first->held, blame->how, blame->why);
    mr_batch_refused(batch, list);
}

void mr_blame_committed(struct mr_blame *blame)
{
    one_less(blame);
}
