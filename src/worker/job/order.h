/* Ordering: which jobs must wait for which. Jobs of one chain (a key of a partition, or a whole
 * partition) are handled one after the other in the order they came; jobs in no chain wait for
 * nothing. */
#ifndef MR_WORKER_JOB_ORDER_H
#define MR_WORKER_JOB_ORDER_H

#include <stdbool.h>

#include "base/idmap.h"
#include "worker/job/job.h"

enum mr_ordering { MR_ORDER_KEY, MR_ORDER_PARTITION, MR_ORDER_NONE };

enum mr_ordering mr_ordering_of(const char *name); /* key partition none; asserts that it is one */

/* {0} is empty; mr_order_free() returns it to that. */
struct mr_order {
    struct mr_idmap tails; /* chain's name to its last job */
};

/* Puts the job at the end of its chain. Returns true when nothing is before it: its handler may
 * start. */
bool mr_order_enter(struct mr_order *order, struct mr_job *job, enum mr_ordering ordering);
/* The job is handled (or dropped): takes it out and returns the one that may start now, NULL where
 * there is none. */
struct mr_job *mr_order_leave(struct mr_order *order, struct mr_job *job);
void mr_order_free(struct mr_order *order);

#endif
