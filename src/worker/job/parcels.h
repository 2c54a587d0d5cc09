/* Parcels travel with records from the outbox to their reports. One whose record waits, for others
 * or for room in the producer's queue, is in a queue with a copy of it. */
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
    bool single; /* it goes, or went, in a batch of its own */
    struct mr_passage
        *passage;    /* in the first producer, see worker/producer/barrier.h, as is the next */
    uint64_t number; /* of its topic's records there */
    struct mr_parcel *earlier, *later; /* of those */
    uint64_t sent;                     /* ns */
    size_t size;                       /* of the record, bytes */
    int64_t timestamp;                 /* the record's */
    int32_t partition;                 /* that it was sent to, perhaps MR_PARTITION_ANY */
    bool confirmed;             /* doubt of its topic is over: the next refusal is believed */
    struct mr_outgoing *record; /* while it waits */
    struct mr_parcel *next;
    struct mr_parcel *before, *behind; /* of its partition (stuck.h), once it is sent */
};

/* {0} is empty. */
struct mr_parcels {
    struct mr_parcel *first, *last; /* waiting */
    size_t count, bytes;            /* of those that wait */
    struct mr_parcel *free;
};

struct mr_parcel *mr_parcels_new(struct mr_parcels *parcels, struct mr_job *job,
                                 enum mr_purpose purpose, uint64_t now);
/* Takes the parcel back; it must not wait. */
void mr_parcels_release(struct mr_parcels *parcels, struct mr_parcel *parcel);
/* The parcel waits, with a copy of the record. */
void mr_parcels_keep(struct mr_parcels *parcels, struct mr_parcel *parcel,
                     const struct mr_outgoing *record);
/* Likewise, behind those of smaller numbers. */
void mr_parcels_insert(struct mr_parcels *parcels, struct mr_parcel *parcel,
                       const struct mr_outgoing *record);
/* The first one that waits goes behind all that wait in `to`. */
void mr_parcels_move(struct mr_parcels *parcels, struct mr_parcels *to);
/* All that wait go ahead of those that wait in `to`. */
void mr_parcels_put_ahead(struct mr_parcels *parcels, struct mr_parcels *to);
/* Takes the first one that waits out of the queue; the caller frees its record. */
struct mr_parcel *mr_parcels_pop(struct mr_parcels *parcels);
/* For how long the first of those that wait does, in ns; 0 when none waits. */
uint64_t mr_parcels_age(const struct mr_parcels *parcels, uint64_t now);
/* None may wait. */
void mr_parcels_free(struct mr_parcels *parcels);

#endif
