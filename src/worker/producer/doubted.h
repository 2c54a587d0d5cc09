/* The outbox's records whose topics are in doubt (worker/producer/doubts.h). They wait, in order,
 * until the doubt is over, and are then sent again. If the doubt was confirmed, the next refusal of
 * the record is final. */
#ifndef MR_WORKER_PRODUCER_DOUBTED_H
#define MR_WORKER_PRODUCER_DOUBTED_H

#include <stdbool.h>

#include "worker/job/parcels.h"
#include "worker/producer/doubts.h"
#include "worker/producer/singles.h"

struct mr_doubted {
    struct mr_doubts first, single; /* one for each of the two producers */
    struct mr_parcels waiting;
    int wake_fd;
};

/* Starts without a record. The structure must not move from then on. */
void mr_doubted_start(struct mr_doubted *doubted, struct mr_topic_warmup *warmup,
                      struct mr_singles *singles, struct mr_timers *timers, int wake_fd);
/* Returns true if the parcel's record must wait before it is sent. */
bool mr_doubted_holds(const struct mr_doubted *doubted, const struct mr_parcel *parcel,
                      const char *topic);
/* Notes that the parcel's record was refused. Returns true if the refusal is in doubt: the record
 * must wait then. Refusals of dead letters and retries are never doubted, because these wait for
 * their topic anyway. */
bool mr_doubted_raise(struct mr_doubted *doubted, const struct mr_parcel *parcel, const char *topic,
                      enum mr_sent how);
/* Moves the records whose doubt is over ahead of the records that wait in `parcels`. */
void mr_doubted_release(struct mr_doubted *doubted, struct mr_parcels *parcels);
/* Frees all. First the loop must have run until no question is under way; no record may wait. */
void mr_doubted_free(struct mr_doubted *doubted);

#endif
