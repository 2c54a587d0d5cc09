#include "worker/job/order.h"

#include <stdlib.h>

#include "base/panic.h"

enum mr_ordering mr_ordering_of(const char *name)
{
    static const char *const names[] = {
        [MR_ORDER_KEY] = "key", [MR_ORDER_PARTITION] = "partition", [MR_ORDER_NONE] = "none"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], name) == 0)
            return (enum mr_ordering)i;
    MR_UNREACHABLE("an ordering that the configuration let pass");
}

/* Names the job's chain by its partition, and by its key if keys are ordered. A short name is in
 * the job, a long one is allocated. */
static void name_chain(struct mr_job *job, enum mr_ordering ordering)
{
    size_t key = ordering == MR_ORDER_KEY ? job->message.key.length : 0;
    size_t length = sizeof(job->partition) + key;
    char *name = length <= MR_JOB_SHORT_CHAIN ? job->short_chain : mr_alloc(length);
    memcpy(name, &job->partition, sizeof(job->partition));
    if (key > 0)
        memcpy(name + sizeof(job->partition), job->message.key.data, key);
    job->chain = (struct mr_bytes){name, length};
}

static void drop_name(struct mr_job *job)
{
    union {
        const char *from;
        void *to;
    } name = {job->chain.data};
    if (job->chain.data != job->short_chain)
        free(name.to);
    job->chain = MR_BYTES_NONE;
}

bool mr_order_enter(struct mr_order *order, struct mr_job *job, enum mr_ordering ordering)
{
    bool free_of_order =
        ordering == MR_ORDER_NONE || (ordering == MR_ORDER_KEY && job->message.key.data == NULL);
    if (free_of_order)
        return true;
    name_chain(job, ordering);
    struct mr_job *before = mr_idmap_put(&order->tails, job->chain, job);
    if (before == NULL)
        return true;
    before->behind = job;
    return false;
}

struct mr_job *mr_order_leave(struct mr_order *order, struct mr_job *job)
{
    struct mr_job *behind = job->behind;
    if (job->chain.data == NULL)
        return NULL;
    if (behind == NULL)
        mr_idmap_remove(&order->tails, job->chain);
    drop_name(job);
    job->behind = NULL;
    return behind;
}

void mr_order_free(struct mr_order *order)
{
    MR_ASSERT(order->tails.count == 0);
    mr_idmap_free(&order->tails);
}
