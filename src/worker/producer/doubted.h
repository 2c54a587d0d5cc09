/* The outbox's records whose topics are in doubt (worker/producer/doubts.h): they wait, in order,
 * until the doubt is over, and are sent again. A record that is refused after that is refused for
 * good. */
#ifndef MR_WORKER_PRODUCER_DOUBTED_H
#define MR_WORKER_PRODUCER_DOUBTED_H

#include <stdbool.h>

#include "worker/job/parcels.h"
#include "worker/producer/doubts.h"
#include "worker/producer/singles.h"

struct mr_doubted {
    struct mr_doubts first, single; /* of what each of the two producers knows */
    struct mr_parcels waiting;
    int wake_fd;
};

/* It must not move. */
void mr_doubted_start(struct mr_doubted *doubted, struct mr_warmup *warmup,
                      struct mr_singles *singles, struct mr_timers *timers, int wake_fd);
/* True when the parcel's record is to wait before it is sent. */
bool mr_doubted_holds(const struct mr_doubted *doubted, const struct mr_parcel *parcel,
                      const char *topic);
/* The parcel's record is refused. Returns true when the refusal is doubted: the record is to wait.
 * Dead letters and retries are never doubted: they wait for their topic anyway. */
bool mr_doubted_raise(struct mr_doubted *doubted, const struct mr_parcel *parcel, const char *topic,
                      enum mr_sent how);
/* Those of which the doubt is over go ahead of those that wait in `parcels`. */
void mr_doubted_release(struct mr_doubted *doubted, struct mr_parcels *parcels);
/* The loop must have run until nothing is asked any more, and none may wait. */
void mr_doubted_free(struct mr_doubted *doubted);

#endif
