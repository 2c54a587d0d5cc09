/* The pause before a dead worker is replaced: none, unless workers die young one after another. */
#ifndef MR_MASTER_RESPAWN_H
#define MR_MASTER_RESPAWN_H

#include <stdint.h>

enum { MR_RESPAWN_YOUNG = 10000, MR_RESPAWN_FIRST = 100, MR_RESPAWN_LAST = 10000 }; /* ms */

struct mr_respawn {
    uint64_t young_deaths; /* in a row, since a worker lived long enough */
};

/* Counts the death of a worker that lived `lived` ms. Returns the pause in ms. */
uint64_t mr_respawn_pause(struct mr_respawn *respawn, uint64_t lived);

#endif
