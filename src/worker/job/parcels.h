/* A parcel travels with a record from the outbox until the record is reported. A record may wait
 * for other records, or for room in the producer's queue. Its parcel then waits in a queue, with a
 * copy of the record. */
#ifndef MR_WORKER_JOB_PARCELS_H
#define MR_WORKER_JOB_PARCELS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/record.h"
#include "worker/job/job.h"
#include "worker/job/report.h"

struct mr_passage;

struct mr_parcel {
    struct mr_job *job;
    enum mr_purpose purpose;
    uint32_t wait;
    bool single;                /* its record goes, or went, in a batch of its own */
    struct mr_passage *passage; /* of its topic in the first producer; this and the next three are
                                   for worker/producer/barrier.h */
    uint64_t number;            /* counts that topic's records in that producer */
    struct mr_parcel *earlier, *later; /* its neighbours by `number` */
    uint64_t sent;                     /* ns, when the outbox got its record */
    size_t size;                       /* of the record, bytes */
    int64_t timestamp;                 /* of the record */
    int32_t partition;                 /* of the record as sent; may be MR_PARTITION_ANY */
    bool confirmed; /* the doubt about its topic is over: the next refusal is believed */
    struct mr_outgoing *record; /* a copy, while it waits */
    struct mr_parcel *next;
    struct mr_parcel *before, *behind; /* in the dues of its partition (stuck.h), once sent */
};

/* {0} is empty. */
struct mr_parcels {
    struct mr_parcel *first, *last; /* the waiting parcels, in order */
    size_t count, bytes;            /* of the waiting records */
    struct mr_parcel *free;
};

struct mr_parcel *mr_parcels_new(struct mr_parcels *parcels, struct mr_job *job,
                                 enum mr_purpose purpose, uint64_t now);
/* Releases the parcel for reuse. The parcel must not wait. */
void mr_parcels_release(struct mr_parcels *parcels, struct mr_parcel *parcel);
/* Puts the parcel at the end of the waiting ones, with a copy of the record. */
void mr_parcels_keep(struct mr_parcels *parcels, struct mr_parcel *parcel,
                     const struct mr_outgoing *record);
/* Does the same, but keeps the waiting parcels ordered by `number`. */
void mr_parcels_insert(struct mr_parcels *parcels, struct mr_parcel *parcel,
                       const struct mr_outgoing *record);
/* Moves the first waiting parcel to the end of those that wait in `to`. */
void mr_parcels_move(struct mr_parcels *parcels, struct mr_parcels *to);
/* Moves all waiting parcels ahead of those that wait in `to`. */
void mr_parcels_put_ahead(struct mr_parcels *parcels, struct mr_parcels *to);
/* Takes out the first waiting parcel. The caller frees its record. */
struct mr_parcel *mr_parcels_pop(struct mr_parcels *parcels);
/* Returns how long the first waiting parcel has waited, in ns; 0 if none waits. */
uint64_t mr_parcels_age(const struct mr_parcels *parcels, uint64_t now);
/* Frees the released parcels. No parcel may wait. */
void mr_parcels_free(struct mr_parcels *parcels);

#endif
