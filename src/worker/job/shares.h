/* A heap of shares of time: the share that has spent least is first. The shares are members of
 * their owners. */
#ifndef MR_WORKER_JOB_SHARES_H
#define MR_WORKER_JOB_SHARES_H

#include <stddef.h>
#include <stdint.h>

/* A share that goes on keeps its place until it has spent this much more (ns), because a change
 * costs a cold cache. The share that has spent least waits this much longer, per route and per
 * partition. */
enum { MR_SCHEDULE_STEP = 100000 };

struct mr_share {
    uint64_t key;
    size_t place; /* in the heap, from 1; 0: in none, since it has nothing to do */
};

/* {0} is empty. The owner frees the heap. */
struct mr_shares {
    struct mr_share **heap; /* heap[1..count] */
    size_t count, capacity;
};

/* Adds the share, before others with the same key. */
void mr_shares_add(struct mr_shares *shares, struct mr_share *share, uint64_t key);
void mr_shares_take_out(struct mr_shares *shares, struct mr_share *share);
/* Sets the time that the share has spent. Does nothing if the share is in no heap. */
void mr_shares_advance(struct mr_shares *shares, struct mr_share *share, uint64_t spent);

#endif
