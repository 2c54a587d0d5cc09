#include "worker/wait.h"

#include <stdlib.h>

#include "base/panic.h"
#include "worker/rpc.h"

struct mr_wait *mr_wait_new(struct mr_job *job, uint32_t number)
{
    struct mr_wait *wait = mr_alloc(sizeof(*wait));
    *wait = (struct mr_wait){.job = job, .number = number, .next = job->waits_for};
    if (wait->next != NULL)
        wait->next->previous = wait;
    job->waits_for = wait;
    return wait;
}

static void end(struct mr_wait *wait)
{
    MR_ASSERT(wait->timer.place == 0 && wait->call == NULL);
    free(wait);
}

void mr_wait_free(struct mr_wait *wait)
{
    if (wait->next != NULL)
        wait->next->previous = wait->previous;
    if (wait->previous != NULL)
        wait->previous->next = wait->next;
    else
        wait->job->waits_for = wait->next;
    end(wait);
}

void mr_waits_cancel(struct mr_timers *timers, struct mr_job *job)
{
    for (struct mr_wait *wait = job->waits_for, *next; wait != NULL; wait = next) {
        next = wait->next;
        mr_timers_cancel(timers, &wait->timer);
        mr_rpc_cancel(wait);
        end(wait);
    }
    job->waits_for = NULL;
}
