#include "worker/job/job.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "base/panic.h"
#include "base/scoreboard.h"

struct mr_job *mr_job_list_pop(struct mr_job_list *list)
{
    struct mr_job *job = list->first;
    if (job != NULL)
        mr_job_list_remove(job);
    return job;
}

void mr_job_list_move(struct mr_job_list *list, struct mr_job_list *from)
{
    struct mr_job *job;
    while ((job = mr_job_list_pop(from)) != NULL)
        mr_job_list_push(list, job);
}

struct mr_job *mr_job_of_timer(struct mr_timer *timer)
{
    return MR_CONTAINER(timer, struct mr_job, timer);
}

static void read_headers(struct mr_job *job)
{
    job->headers = job->few;
    job->header_count = mr_message_headers(&job->message, job->few, MR_JOB_HEADERS);
    if (job->header_count <= MR_JOB_HEADERS)
        return;
    job->headers = mr_alloc(job->header_count * sizeof(job->headers[0]));
    mr_message_headers(&job->message, job->headers, job->header_count);
}

void mr_job_own(struct mr_job *job)
{
    mr_message_own(&job->message);
    if (job->headers != job->few)
        free(job->headers);
    read_headers(job);
}

/* Returns about how many bytes of memory the job and its message take, librdkafka's included. */
static size_t size_of(const struct mr_job *job)
{
    enum { ITSELF = 2048 };
    size_t size = ITSELF + job->message.key.length + job->message.value.length;
    for (size_t i = 0; i < job->header_count; i++)
        size += job->headers[i].name.length + job->headers[i].value.length;
    return size;
}

struct mr_job *mr_job_new(struct mr_job_pool *pool, struct mr_topic_row *row,
                          const struct mr_message *message)
{
    struct mr_job *job = pool->free;
    if (job == NULL)
        job = mr_alloc(sizeof(*job));
    else
        pool->free = job->next;
    memset(job, 0, offsetof(struct mr_job, message));
    job->pool = pool;
    job->row = row;
    pool->count[job->state]++;
    mr_messages_enter(row, job->state);
    job->message = *message;
    read_headers(job);
    job->size = size_of(job);
    return job;
}

struct mr_origin mr_job_origin(const struct mr_job *job)
{
    const struct mr_message *message = &job->message;
    if (job->returned)
        return job->origin;
    return (struct mr_origin){.topic = message->topic,
                              .partition = message->partition,
                              .offset = message->offset,
                              .timestamp = message->timestamp,
                              .broker_s_clock = message->broker_s_clock};
}

void mr_job_release(struct mr_job_pool *pool, struct mr_job *job)
{
    MR_ASSERT(job->state == MR_JOB_SETTLED && !mr_timer_armed(&job->timer) && !job->shelved &&
              job->task == NULL && job->waits_for == NULL && job->line == NULL);
    if (job->headers != job->few)
        free(job->headers);
    free(job->failure);
    mr_message_free(&job->message);
    job->next = pool->free;
    pool->free = job;
}

void mr_job_pool_free(struct mr_job_pool *pool)
{
    while (pool->free != NULL) {
        struct mr_job *job = pool->free;
        pool->free = job->next;
        free(job);
    }
}
