/* A barrier keeps the order of a topic's records when its batch is refused. The refused records go
 * again by the second producer (worker/singles.h), and so does what is sent to the topic from then
 * on. The first producer still has records of it, which those must not overtake: so they wait
 * until all that the first producer had at the refusal is reported. That takes a round trip, and
 * `delivery.timeout.ms` at most. Meanwhile other topics go on, unless the outbox is crowded. */
#ifndef MR_WORKER_BARRIER_H
#define MR_WORKER_BARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/parcels.h"

/* {0} is none. */
struct mr_barrier {
    struct mr_parcels waiting; /* until it falls */
    size_t before;             /* records that are to be reported first */
    uint32_t number;           /* of the latest refusal */
    uint32_t first;            /* of the first refusal since none stood */
};

/* A batch is refused while the first producer has `outstanding` records. Returns the number of the
 * refusal, from 1. */
uint32_t mr_barrier_raise(struct mr_barrier *barrier, size_t outstanding);
/* The first producer takes the parcel's record. */
void mr_barrier_stamp(const struct mr_barrier *barrier, struct mr_parcel *parcel);
/* The first producer reports the parcel's record. */
void mr_barrier_reported(struct mr_barrier *barrier, const struct mr_parcel *parcel);
/* True when a record for a topic whose latest refusal has that number (0: none) is to wait. */
bool mr_barrier_holds(const struct mr_barrier *barrier, uint32_t refusal);
/* All that wait go ahead of those in `parcels`. */
void mr_barrier_release(struct mr_barrier *barrier, struct mr_parcels *parcels);

#endif
