/* Dispatch: from a consumed message to its settled offset. Opens the job, puts it in its order, and
 * has it handled (handling.h), answered, retried or written off (attempt.h) and settled
 * (settle.h); ends what is left where the worker stops or loses partitions. */
#ifndef MR_WORKER_DISPATCH_H
#define MR_WORKER_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/poison.h"
#include "base/scoreboard.h"
#include "base/timers.h"
#include "kafka/consumer.h"
#include "lua/room.h"
#include "lua/vm.h"
#include "worker/compose.h"
#include "worker/job.h"
#include "worker/outbox.h"
#include "worker/partitions.h"
#include "worker/routes.h"
#include "worker/rpc.h"
#include "worker/schedule.h"
#include "worker/transaction.h"

/* Lua's memory, while scripts fill it (memory.h). */
struct mr_memory {
    size_t room;                     /* bytes for what all scripts hold */
    unsigned level;                  /* as lua/room.h has it, at the last look */
    bool is_fresh;                   /* garbage was collected in the run that just ended */
    bool is_suspect;                 /* a script may keep more than its route's budget */
    bool held[MR_ROOM_ROWS];         /* scripts whose messages wait */
    size_t budgets[MR_ROOM_ROWS];    /* of scripts, by their routes; 0: none has it */
    uint64_t looks_at, exhausted_at; /* ms */
    struct mr_timer timer;           /* so that there is a turn then */
};

struct mr_dispatch {
    struct mr_vm *vm;
    struct mr_slot *slot;
    struct mr_timers *timers;
    struct mr_outbox *outbox; /* set by the worker before the first message, as are the next two */
    struct mr_rpc *rpc;
    struct mr_transaction *transaction;
    struct mr_routes *routes; /* the current ones */
    uint64_t routes_number;   /* how many there have been: addresses come back, numbers do not */
    struct mr_partitions partitions;
    struct mr_order order;
    struct mr_job_pool pool;
    struct mr_schedule schedule; /* what may go on now */
    bool hurry;                  /* records of seldom ones were gathered: they should not wait */
    uint64_t hurried;            /* ns, when such went out last */
    struct mr_job *at_work;      /* handlers started and not ended */
    struct mr_job *waiting;      /* failed, until they are due again (retry.h) */
    struct mr_job *unwritten;    /* dead letters, until they are tried again (aside.h) */
    struct {
        size_t count; /* messages that wait long (later.h) */
        struct mr_timer timer;
        uint64_t told; /* ms, that one could not be moved */
    } later;
    struct mr_memory memory;
    struct mr_reply reply;
    struct mr_poisons poisons; /* messages not to be run again (poisoned.h) */
    void (*buried)(void *data, const struct mr_message_id *id); /* one of them is done with */
    void *buried_data;
    /* A record that takes a message to another topic was refused: is that topic still there? */
    void (*doubted)(void *data);
    void *doubted_data;
    uint64_t load_time;  /* ms, that scripts may take to load */
    int64_t rpc_timeout; /* ms */
    bool drop_expired;   /* requests whose deadline is over */
    int64_t wall_offset; /* ms, from monotonic to wall time */
    uint64_t random;     /* the state of random.h */
    size_t working;      /* handlers started and not ended */
    size_t jobs;         /* not settled */
    bool stopping;
    bool cancelled; /* handlers' requests are: who fails now fails for the stop */
    bool abandoned; /* what is not acknowledged by now is not stored */
};

extern const struct mr_host mr_dispatch_host; /* what scripts ask for; its data is the dispatch */

/* Takes a message over. Its handler starts in mr_dispatch_run. */
void mr_dispatch_message(struct mr_dispatch *dispatch, struct mr_consumer *consumer,
                         struct mr_message *message);
/* A turn of the loop begins: looks at the wall clock, once for all its replies. */
void mr_dispatch_tick(struct mr_dispatch *dispatch);
/* Handlers start and go on, one after the other by the schedule, until nothing may or it is `ends`
 * (mr_clock_ns()). The last one may run beyond that. */
void mr_dispatch_run(struct mr_dispatch *dispatch, uint64_t ends);
/* Serves what comes from now on with these routes; retires those before. */
void mr_dispatch_use(struct mr_dispatch *dispatch, struct mr_routes *routes, int64_t rpc_timeout);
/* A record of the job is acknowledged, or never will be. */
void mr_dispatch_delivered(struct mr_dispatch *dispatch, struct mr_job *job,
                           const struct mr_report *report);
/* Everything of the partition up to `next`, exclusive, is committed. */
void mr_dispatch_committed(struct mr_dispatch *dispatch, const struct mr_consumer *consumer,
                           const char *topic, int32_t number, int64_t next);
/* Partitions are being taken away: what waits on them is dropped. Handlers at work on those that
 * are gone (partitions.h, revoked) are, too. */
void mr_dispatch_revoked(struct mr_dispatch *dispatch);
/* The route of the partition's topic among the current ones; NULL where none has it. */
struct mr_route *mr_dispatch_route(struct mr_dispatch *dispatch, struct mr_partition *partition);
/* Puts the job at the end of its chain; it is ready when nothing is before it. Without a route it
 * waits for one. */
void mr_dispatch_enter(struct mr_dispatch *dispatch, struct mr_job *job);
/* The job may start, as far as its chain is concerned: in the schedule, behind those of its
 * partition. */
void mr_dispatch_ready(struct mr_dispatch *dispatch, struct mr_job *job);
/* What a handler waits for is there: it goes on by the schedule. */
void mr_dispatch_wake(struct mr_dispatch *dispatch, struct mr_wait *wait);
/* Where the worker stops, or loses or gives back partitions: drops what waits for its start and is
 * not to be started any more. */
void mr_dispatch_sweep(struct mr_dispatch *dispatch);
/* What comes after the last message begun in its partition is dropped, its offset is not stored.
 * Those begun go on. */
void mr_dispatch_stop(struct mr_dispatch *dispatch);
/* Ends the requests that handlers wait for (mr_rpc_cancel_all). One that ends well in spite of it
 * is done; one that fails, whatever for, is given up. */
void mr_dispatch_cancel(struct mr_dispatch *dispatch);
/* Drops the handlers still at work, without storing their offsets; only delivery reports may
 * follow. */
void mr_dispatch_abandon(struct mr_dispatch *dispatch);
void mr_dispatch_free(struct mr_dispatch *dispatch); /* every job is settled or abandoned */

#endif
