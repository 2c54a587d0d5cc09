/* Calls: requests of handlers that are open, kept by their correlation ids. A call that nobody
 * waits for any more is remembered for a minute, so that a late reply is known for one. */
#ifndef MR_WORKER_RPC_PENDING_H
#define MR_WORKER_RPC_PENDING_H

#include <stdint.h>

#include "base/idmap.h"
#include "base/record.h"
#include "base/scoreboard.h"
#include "base/timers.h"
#include "worker/job/wait.h"
#include "worker/wire/dialect.h"

struct mr_call {
    struct mr_calls *calls;
    char id[37];                /* a UUID in text */
    struct mr_wait *wait;       /* NULL where nobody waits */
    struct mr_outgoing *record; /* what is to be sent yet; NULL: it is sent */
    char *refusal;              /* why it could not be sent; NULL: it was not refused */
    enum mr_dialect dialect;
    char *reply_to;
    int64_t timeout; /* ms */
    struct mr_timer timer;
    struct mr_call *previous, *next; /* of those somebody waits for */
};

/* With `owner`, `timers` and `slot` set it is empty. */
struct mr_calls {
    void *owner;
    struct mr_timers *timers;
    struct mr_slot *slot; /* shows how many are waited for */
    struct mr_idmap by_id;
    struct mr_call *open; /* those somebody waits for; the newest is the first */
    int64_t pending;      /* how many */
};

/* A call with a new id, which nobody waits for yet. Its record is the caller's to set. */
struct mr_call *mr_call_new(struct mr_calls *calls, enum mr_dialect dialect, const char *reply_to,
                            int64_t timeout);
struct mr_call *mr_call_of_timer(struct mr_timer *timer);
/* The wait is for this call, until one of the next two, or until the wait is cancelled. */
void mr_call_begin(struct mr_call *call, struct mr_wait *wait);
/* Its reply is there: the call is freed. Returns who has waited. */
struct mr_wait *mr_call_end(struct mr_call *call);
/* Nobody waits any more; the id is remembered. Returns who has waited. */
struct mr_wait *mr_call_abandon(struct mr_call *call);
void mr_call_sent(struct mr_call *call); /* its record is freed */
/* One that nobody has waited for, or nobody does any more. */
void mr_call_free(struct mr_call *call);
void mr_calls_free(struct mr_calls *calls); /* and all that are open */

#endif
