/* Output topics whose records are not acknowledged: their leader is away, or too few of its
 * replicas are in step. Jobs that write to such a topic stay out of the worker's transactions, so
 * that those of others go on. When its leaders are back, some of them are tried in a transaction of
 * their own. */
#ifndef MR_WORKER_TRANSACTION_TROUBLE_H
#define MR_WORKER_TRANSACTION_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/cluster.h"
#include "worker/job/job.h"

enum { MR_TROUBLE_TOPICS = 1024 };

/* {0} is empty. */
struct mr_trouble {
    struct {
        char *topic;
        uint64_t wait;   /* ms, between two tries: twice as long each time */
        uint64_t due;    /* ms, when its leaders are looked for */
        uint64_t failed; /* ms, when it was tried last */
        bool whole;      /* it had its leaders, all replicas in step, when it was looked at */
        bool missing;    /* it was not there then */
        bool ready;      /* to be tried */
    } topics[MR_TROUBLE_TOPICS];
    size_t count;
};

enum mr_trouble_of {
    MR_TROUBLE_NONE,
    MR_TROUBLE_WAITS, /* not to be tried yet */
    MR_TROUBLE_DUE,
};

/* Records to the topic were not acknowledged in time. Without room nothing happens. */
void mr_trouble_add(struct mr_trouble *trouble, const char *topic, uint64_t now);
/* Returns a topic whose leaders are to be looked for, or NULL. */
const char *mr_trouble_unseen(const struct mr_trouble *trouble, uint64_t now);
/* What the look at a topic has found, see scout.h. It is tried as soon as it is whole again; if it
 * was whole all the time, or is not there, after 1 s, later 10 s; if replicas are not in step,
 * after up to a minute; without a leader it is not. */
void mr_trouble_seen(struct mr_trouble *trouble, const char *topic, enum mr_led led, uint64_t now);
/* True if the topic was found not to be there. */
bool mr_trouble_misses(const struct mr_trouble *trouble, const char *topic);
/* Records to the topic are acknowledged. Fine for one that was in no trouble. */
void mr_trouble_end(struct mr_trouble *trouble, const char *topic);
/* Of what the job holds. */
enum mr_trouble_of mr_trouble_of(const struct mr_trouble *trouble, const struct mr_job *job);
bool mr_trouble_due(const struct mr_trouble *trouble); /* a topic is to be tried */
/* Returns when the next look is due, 0 if none is. */
uint64_t mr_trouble_next(const struct mr_trouble *trouble);
void mr_trouble_free(struct mr_trouble *trouble);

#endif
