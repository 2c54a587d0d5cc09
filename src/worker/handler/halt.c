#include "worker/handler/halt.h"

#include "base/log.h"
#include "base/panic.h"
#include "worker/dispatch/completion.h"
#include "worker/failure/forward.h"
#include "worker/failure/later.h"
#include "worker/failure/retry.h"
#include "worker/handler/handler.h"
#include "worker/handler/memory.h"
#include "worker/handler/parked.h"

/* Drops the partition's ready jobs that must not start any more. Returns true if there were any: a
 * job behind one may be ready now. A revoked partition is freed with its last job. */
static bool sweep(struct mr_dispatch *dispatch, struct mr_partition *partition)
{
    struct mr_job *job;
    bool dropped = false;
    struct mr_job_list list = {0};
    mr_schedule_take(&dispatch->schedule, &partition->flow, &list);
    while ((job = mr_job_list_pop(&list)) != NULL) {
        if (mr_handler_too_late(dispatch, job)) {
            mr_settle_drop(dispatch, job);
            dropped = true;
        } else {
            mr_schedule_push(&dispatch->schedule, &job->partition->flow, job);
        }
    }
    return dropped;
}

void mr_halt_sweep(struct mr_dispatch *dispatch)
{
    bool dropped = true;
    while (dropped) {
        dropped = false;
        for (struct mr_partition *p = dispatch->partitions.all, *next; p != NULL; p = next) {
            next = p->next;
            if (dispatch->stopping || p->tenure != MR_TENURE_SERVING)
                dropped = sweep(dispatch, p) || dropped;
        }
    }
}

void mr_halt_waiting(struct mr_dispatch *dispatch)
{
    mr_forward_drop(dispatch);
    mr_later_leave(dispatch);
    mr_retry_wake(dispatch);
    mr_memory_wake(dispatch);
    for (struct mr_partition *p = dispatch->partitions.all; p != NULL; p = p->next)
        mr_schedule_return(&dispatch->schedule, &p->flow, &p->early);
    mr_parked_look(dispatch);
    mr_halt_sweep(dispatch);
}

void mr_halt_stop(struct mr_dispatch *dispatch)
{
    dispatch->stopping = true;
    mr_halt_waiting(dispatch);
}

void mr_halt_cancel(struct mr_dispatch *dispatch)
{
    MR_ASSERT(dispatch->stopping);
    dispatch->cancelled = true;
    mr_rpc_cancel_all(dispatch->rpc);
}

static void abandon(struct mr_dispatch *dispatch, struct mr_job *job, const char *why)
{
    mr_handler_abandon(dispatch, job, mr_bytes_of(why));
}

static struct mr_job *at_work_in_vain(const struct mr_dispatch *dispatch)
{
    struct mr_job *job = dispatch->at_work.first;
    while (job != NULL && job->partition->tenure != MR_TENURE_REVOKED)
        job = job->next;
    return job;
}

void mr_halt_revoked(struct mr_dispatch *dispatch)
{
    struct mr_job *job;
    mr_halt_waiting(dispatch);
    while ((job = at_work_in_vain(dispatch)) != NULL)
        abandon(dispatch, job, "the partition was revoked or lost");
    mr_halt_sweep(dispatch);
}

void mr_halt_abandon(struct mr_dispatch *dispatch)
{
    MR_ASSERT(dispatch->stopping);
    dispatch->abandoned = true;
    mr_halt_waiting(dispatch);
    while (dispatch->at_work.first != NULL)
        abandon(dispatch, dispatch->at_work.first,
                "the handler did not end within shutdown_timeout");
    mr_halt_sweep(dispatch);
}
