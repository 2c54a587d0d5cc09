/* Output topics whose records are not acknowledged: their leader is away, or too few of its
 * replicas are in step. Jobs that write to such a topic stay out of the worker's transactions, so
 * that those of others go on; now and then some of them are tried in a transaction of their own. */
#ifndef MR_WORKER_TROUBLE_H
#define MR_WORKER_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/job.h"

enum { MR_TROUBLE_TOPICS = 32 };

/* {0} is empty. */
struct mr_trouble {
    struct {
        char *topic;
        uint64_t wait, due; /* ms: how long until the next try, and when it is */
    } topics[MR_TROUBLE_TOPICS];
    size_t count;
};

enum mr_trouble_of {
    MR_TROUBLE_NONE,
    MR_TROUBLE_WAITS, /* not to be tried yet */
    MR_TROUBLE_DUE,
};

/* Records to the topic were not acknowledged in time: the next try comes after 1 s, and twice as
 * late each time, up to 10 s. Without room nothing happens. */
void mr_trouble_add(struct mr_trouble *trouble, const char *topic, uint64_t now);
/* Records to the topic are acknowledged. Fine for one that was in no trouble. */
void mr_trouble_end(struct mr_trouble *trouble, const char *topic);
/* Of what the job holds. */
enum mr_trouble_of mr_trouble_of(const struct mr_trouble *trouble, const struct mr_job *job,
                                 uint64_t now);
/* Returns when the next try is due; 0 if there is no trouble. */
uint64_t mr_trouble_next(const struct mr_trouble *trouble);
void mr_trouble_free(struct mr_trouble *trouble);

#endif
