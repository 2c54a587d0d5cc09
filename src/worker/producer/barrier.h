/* A barrier keeps the order of a topic's records when the broker refuses a batch of them. The
 * second producer (worker/producer/singles.h) sends the refused records again, and also the records
 * that are sent to the topic from then on. But the first producer still has records of the topic,
 * which must not be overtaken. So a refused record waits until all records sent before it are
 * reported. A record sent after the refusal waits until the first producer has no record of the
 * topic left. The wait is a round trip, or as long as a leader of the topic is away. Records of
 * other topics do not wait. */
#ifndef MR_WORKER_PRODUCER_BARRIER_H
#define MR_WORKER_PRODUCER_BARRIER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/idmap.h"
#include "worker/job/parcels.h"

struct mr_passage;

/* {0} is empty; mr_barrier_free() returns it to that. */
struct mr_barrier {
    struct mr_idmap topics;    /* with records in the first producer, or waiting records; by name */
    struct mr_passage *latest; /* the topic used last: the next record is often for the same */
    struct mr_passage *closed; /* the topics of which a batch was refused */
    size_t count, bytes;       /* of all records that wait */
};

/* Notes that the first producer has taken the parcel's record. */
void mr_barrier_sent(struct mr_barrier *barrier, struct mr_parcel *parcel, const char *topic);
/* Notes that the first producer has reported the parcel's record. */
void mr_barrier_reported(struct mr_barrier *barrier, struct mr_parcel *parcel);
/* Keeps a copy of a record that was refused with its batch, instead of mr_barrier_reported(). The
 * record waits to be sent again, as a single. */
void mr_barrier_refused(struct mr_barrier *barrier, struct mr_parcel *parcel,
                        const struct mr_outgoing *record);
/* Returns true if records for the topic must wait, refused records excepted. */
bool mr_barrier_holds(const struct mr_barrier *barrier, const char *topic);
/* Keeps a copy of a record for a topic that the barrier holds. */
void mr_barrier_keep(struct mr_barrier *barrier, struct mr_parcel *parcel,
                     const struct mr_outgoing *record);
/* Moves the first record of `parcels`, for a topic that the barrier holds, to the records that
 * wait. */
void mr_barrier_move(struct mr_barrier *barrier, struct mr_parcels *parcels);
/* Moves the records that need not wait any more ahead of those in `parcels`; if `all`, moves every
 * record that waits. */
void mr_barrier_release(struct mr_barrier *barrier, struct mr_parcels *parcels, bool all);
/* Frees the barrier. No record may wait, and none may be in the first producer. */
void mr_barrier_free(struct mr_barrier *barrier);

#endif
