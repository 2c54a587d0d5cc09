/* A barrier keeps the order of a topic's records when a batch of it is refused. The refused records
 * go again by the second producer (worker/producer/singles.h), and so does what is sent to the
 * topic from then on. But the first producer still has records of the topic, which those must not
 * overtake. So a refused record waits until all that were sent before it are reported, and one that
 * is sent from then on until all are. That takes a round trip, or as long as a leader of the topic
 * is away. Other topics go on. */
#ifndef MR_WORKER_PRODUCER_BARRIER_H
#define MR_WORKER_PRODUCER_BARRIER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/idmap.h"
#include "worker/job/parcels.h"

struct mr_passage;

/* {0} is empty; mr_barrier_free() returns it to that. */
struct mr_barrier {
    struct mr_idmap topics;    /* those with records in the first producer, or waiting ones */
    struct mr_passage *latest; /* of those: the next record is often for the same */
    struct mr_passage *closed; /* those where a batch was refused */
    size_t count, bytes;       /* of all that wait */
};

/* The first producer takes the parcel's record. */
void mr_barrier_sent(struct mr_barrier *barrier, struct mr_parcel *parcel, const char *topic);
/* The first producer reports the parcel's record. */
void mr_barrier_reported(struct mr_barrier *barrier, struct mr_parcel *parcel);
/* Instead of that: the record was refused with its batch. It waits to go again, as a single. */
void mr_barrier_refused(struct mr_barrier *barrier, struct mr_parcel *parcel,
                        const struct mr_outgoing *record);
/* True if records for the topic are to wait, other than those that were refused. */
bool mr_barrier_holds(const struct mr_barrier *barrier, const char *topic);
/* One for such a topic waits. */
void mr_barrier_keep(struct mr_barrier *barrier, struct mr_parcel *parcel,
                     const struct mr_outgoing *record);
/* Likewise the first one that waits in `parcels`. */
void mr_barrier_move(struct mr_barrier *barrier, struct mr_parcels *parcels);
/* Records that need not wait any more go ahead of those in `parcels`; `all`: all that wait. */
void mr_barrier_release(struct mr_barrier *barrier, struct mr_parcels *parcels, bool all);
/* Nothing may wait, or be in the first producer. */
void mr_barrier_free(struct mr_barrier *barrier);

#endif
