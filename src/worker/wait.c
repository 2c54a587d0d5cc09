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

void mr_wait_free(struct mr_wait *wait)
{
    MR_ASSERT(wait->timer.place == 0 && wait->call == NULL);
    if (wait->next != NULL)
        wait->next->previous = wait->previous;
    if (wait->previous != NULL)
        wait->previous->next = wait->next;
    else
        wait->job->waits_for = wait->next;
    free(wait);
}

void mr_waits_cancel(struct mr_timers *timers, struct mr_job *job)
{
    while (job->waits_for != NULL) {
        struct mr_wait *wait = job->waits_for;
        mr_timers_cancel(timers, &wait->timer);
        mr_rpc_cancel(wait);
        mr_wait_free(wait);
    }
}
