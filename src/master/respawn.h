/* How long to wait before a dead worker is replaced: not at all, unless they die young one after
 * the other. */
#ifndef MR_MASTER_RESPAWN_H
#define MR_MASTER_RESPAWN_H

#include <stdint.h>

enum { MR_RESPAWN_YOUNG = 10000, MR_RESPAWN_FIRST = 100, MR_RESPAWN_LAST = 10000 }; /* ms */

struct mr_respawn {
    uint64_t young_deaths; /* since one lived long enough */
};

/* The wait in ms after the death of a worker that lived `lived` ms. */
uint64_t mr_respawn_pause(struct mr_respawn *respawn, uint64_t lived);

#endif
