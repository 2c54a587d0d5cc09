/* How long to wait before a dead worker is replaced: not at all, unless they die young one after
 * the other. */
#ifndef MR_MASTER_BACKOFF_H
#define MR_MASTER_BACKOFF_H

#include <stdint.h>

enum { MR_BACKOFF_YOUNG = 10000, MR_BACKOFF_FIRST = 100, MR_BACKOFF_LAST = 10000 }; /* ms */

struct mr_backoff {
    uint64_t young_deaths; /* since one lived long enough */
};

/* The wait in ms after the death of a worker that lived `lived` ms. */
uint64_t mr_backoff_next(struct mr_backoff *backoff, uint64_t lived);

#endif
