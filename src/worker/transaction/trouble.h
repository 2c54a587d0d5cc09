/* Output topics whose records are not acknowledged, because a leader is away or too few replicas
 * are in step. Jobs that write to such a topic stay out of the worker's transactions, so that other
 * jobs go on. When the leaders are back, some of these jobs are tried in a transaction of their
 * own. */
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
        uint64_t wait;   /* ms between two tries: twice as long each time */
        uint64_t due;    /* ms, when to look for its leaders */
        uint64_t failed; /* ms, when its latest try failed */
        bool whole;      /* at the last look it had its leaders, and all replicas in step */
        bool missing;    /* at the last look it did not exist */
        bool ready;      /* it may be tried */
    } topics[MR_TROUBLE_TOPICS];
    size_t count;
};

enum mr_trouble_of {
    MR_TROUBLE_NONE,
    MR_TROUBLE_WAITS, /* one of its topics must not be tried yet */
    MR_TROUBLE_DUE,
};

/* Adds a topic whose records were not acknowledged in time; `now` in ms. Does nothing if there is
 * no room. */
void mr_trouble_add(struct mr_trouble *trouble, const char *topic, uint64_t now);
/* Returns a topic whose leaders must be looked for now, or NULL. */
const char *mr_trouble_unseen(const struct mr_trouble *trouble, uint64_t now);
/* Notes what a look at the topic found (scout.h), which decides when the topic may be tried. If it
 * is whole again, it is tried at once. If it was whole all the time, or does not exist, it is tried
 * after 1 s, later 10 s. If replicas are not in step, it is tried after up to a minute. If it lacks
 * a leader, it is not tried. */
void mr_trouble_seen(struct mr_trouble *trouble, const char *topic, enum mr_led led, uint64_t now);
/* Returns true if the last look found that the topic does not exist. */
bool mr_trouble_misses(const struct mr_trouble *trouble, const char *topic);
/* Removes the topic, whose records are acknowledged again. Does nothing if it was not in
 * trouble. */
void mr_trouble_end(struct mr_trouble *trouble, const char *topic);
/* Returns the trouble of the topics that the job's records are for. */
enum mr_trouble_of mr_trouble_of(const struct mr_trouble *trouble, const struct mr_job *job);
bool mr_trouble_due(const struct mr_trouble *trouble); /* returns true if a topic may be tried */
/* Returns when the next look is due, in ms; 0 if none is. */
uint64_t mr_trouble_next(const struct mr_trouble *trouble);
void mr_trouble_free(struct mr_trouble *trouble);

#endif
