/* Calls: the open requests of handlers, by correlation id. If nobody waits for a call any more, it
 * is remembered for a minute, so that a late reply is recognised. */
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
    struct mr_wait *wait;       /* NULL: nobody waits */
    size_t *uses;               /* counts the call while somebody waits; NULL: nothing does */
    struct mr_outgoing *record; /* still to be sent; NULL: it is sent */
    char *refusal;              /* why the record could not be sent; NULL: not refused */
    enum mr_dialect dialect;
    char *reply_to;
    int64_t timeout;  /* ms */
    uint64_t created; /* mr_clock_ms() */
    struct mr_timer timer;
    struct mr_call *previous, *next; /* among the calls that somebody waits for */
};

/* Empty if only `owner`, `timers` and `slot` are set. */
struct mr_calls {
    void *owner;
    struct mr_timers *timers;
    struct mr_slot *slot; /* shows the number of pending calls */
    struct mr_idmap by_id;
    struct mr_call *open; /* calls that somebody waits for, the newest first */
    int64_t pending;      /* number of calls in `open` */
};

/* Makes a call with a new id, which nobody waits for yet. The caller may set the record, which the
 * call then owns. */
struct mr_call *mr_call_new(struct mr_calls *calls, enum mr_dialect dialect, const char *reply_to,
                            int64_t timeout);
struct mr_call *mr_call_of_timer(struct mr_timer *timer);
/* Starts the wait for this call. It ends with one of the next two functions, or if the wait is
 * cancelled. */
void mr_call_begin(struct mr_call *call, struct mr_wait *wait);
/* Counts the call in `uses` until its wait ends. The number must live until then. */
void mr_call_use(struct mr_call *call, size_t *uses);
/* Frees the call, because its reply has come. Returns its wait. */
struct mr_wait *mr_call_end(struct mr_call *call);
/* Ends the wait, but remembers the call's id for late replies. Returns the wait. */
struct mr_wait *mr_call_abandon(struct mr_call *call);
void mr_call_sent(struct mr_call *call); /* frees its record */
/* Frees a call. Nobody may wait for it (asserted). */
void mr_call_free(struct mr_call *call);
void mr_calls_free(struct mr_calls *calls); /* frees all calls, open ones too */

#endif
