/* Ordering decides which jobs wait for others. A chain is a key of a partition, or a whole
 * partition. Jobs of one chain are handled one after the other, in the order in which they came. A
 * job in no chain waits for no other job. */
#ifndef MR_WORKER_JOB_ORDER_H
#define MR_WORKER_JOB_ORDER_H

#include <stdbool.h>

#include "base/idmap.h"
#include "worker/job/job.h"

enum mr_ordering { MR_ORDER_KEY, MR_ORDER_PARTITION, MR_ORDER_NONE };

enum mr_ordering
mr_ordering_of(const char *name); /* key, partition or none; asserts that it is one */

/* {0} is empty; mr_order_free() returns it to that. */
struct mr_order {
    struct mr_idmap tails; /* from a chain's name to its last job */
};

/* Puts the job at the end of its chain, if it has one. Returns true if no job is before it: its
 * handler may start. */
bool mr_order_enter(struct mr_order *order, struct mr_job *job, enum mr_ordering ordering);
/* Takes a handled or dropped job out of its chain. Returns the job behind it, which may start now;
 * NULL if there is none. */
struct mr_job *mr_order_leave(struct mr_order *order, struct mr_job *job);
void mr_order_free(struct mr_order *order);

#endif
