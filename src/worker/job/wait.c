#include "worker/job/wait.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"

struct mr_wait *mr_wait_new(struct mr_job *job, uint32_t number)
{
    struct mr_wait *wait = mr_alloc(sizeof(*wait));
    *wait = (struct mr_wait){.job = job, .number = number, .next = job->waits_for};
    if (wait->next != NULL)
        wait->next->previous = wait;
    job->waits_for = wait;
    return wait;
}

void mr_arrival_free(struct mr_arrival *arrival)
{
    if (arrival == NULL)
        return;
    if (arrival->message.handle != NULL)
        mr_message_free(&arrival->message);
    free(arrival->text);
    free(arrival);
}

struct mr_arrival *mr_wait_arrived(struct mr_wait *wait, size_t header_count)
{
    MR_ASSERT(wait->arrival == NULL && wait->call == NULL);
    struct mr_arrival *arrival =
        mr_alloc(sizeof(*arrival) + header_count * sizeof(arrival->headers[0]));
    arrival->with = (struct mr_resumption){.kind = MR_RESUME_DONE, .wait = wait->number};
    wait->arrival = arrival;
    return arrival;
}

void mr_wait_failed(struct mr_wait *wait, int status, const char *message, const char *name)
{
    struct mr_arrival *arrival = mr_wait_arrived(wait, 0);
    size_t length = strlen(message), name_length = strlen(name);
    arrival->text = mr_alloc(length + name_length);
    memcpy(arrival->text, message, length);
    memcpy(arrival->text + length, name, name_length);
    arrival->with.kind = MR_RESUME_STATUS_ERROR;
    arrival->with.status = status;
    arrival->with.message = (struct mr_bytes){arrival->text, length};
    arrival->with.name = (struct mr_bytes){arrival->text + length, name_length};
}

static void end(struct mr_wait *wait)
{
    MR_ASSERT(!mr_timer_armed(&wait->timer) && wait->call == NULL);
    mr_arrival_free(wait->arrival);
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

struct mr_arrival *mr_wait_end(struct mr_wait *wait)
{
    struct mr_arrival *arrival = wait->arrival;
    MR_ASSERT(arrival != NULL);
    wait->arrival = NULL;
    mr_wait_free(wait);
    return arrival;
}

void mr_waits_cancel(struct mr_timers *timers, struct mr_job *job)
{
    for (struct mr_wait *wait = job->waits_for, *next; wait != NULL; wait = next) {
        next = wait->next;
        mr_timers_cancel(timers, &wait->timer);
        if (wait->cancel != NULL)
            wait->cancel(wait);
        end(wait);
    }
    job->waits_for = NULL;
}
