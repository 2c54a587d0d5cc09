/* Shares of time, the one that has had least first: a heap. Nodes live in their owners. */
#ifndef MR_WORKER_JOB_SHARES_H
#define MR_WORKER_JOB_SHARES_H

#include <stddef.h>
#include <stdint.h>

/* One goes on with a share until another one is so much behind (ns): the price of a change is a
 * cold cache. Whoever has least waits this much longer, per route and per partition. */
enum { MR_SCHEDULE_STEP = 100000 };

struct mr_share {
    uint64_t key;
    size_t place; /* in the heap, from 1; 0: it has nothing to do */
};

/* {0} is empty; its heap is the owner's to free. */
struct mr_shares {
    struct mr_share **heap; /* heap[1..count] */
    size_t count, capacity;
};

/* Of equal ones the newest is first. */
void mr_shares_add(struct mr_shares *shares, struct mr_share *share, uint64_t key);
void mr_shares_take_out(struct mr_shares *shares, struct mr_share *share);
/* It has had so much now. Fine where it is in no heap. */
void mr_shares_advance(struct mr_shares *shares, struct mr_share *share, uint64_t spent);

#endif
