/* What the rooms that see a message through share: from its dispatch to its settled offset. */
#ifndef MR_WORKER_DISPATCH_CONTEXT_H
#define MR_WORKER_DISPATCH_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/poison.h"
#include "base/scoreboard.h"
#include "base/timers.h"
#include "lua/run/room.h"
#include "lua/vm.h"
#include "worker/consumer/partitions.h"
#include "worker/job/job.h"
#include "worker/job/schedule.h"
#include "worker/producer/outbox.h"
#include "worker/routing/routes.h"
#include "worker/rpc/requests.h"
#include "worker/transaction/transaction.h"
#include "worker/wire/reply.h"

/* Lua's memory, while scripts fill it (memory.h). */
struct mr_memory {
    size_t room;                     /* bytes for what all scripts hold */
    unsigned level;                  /* as lua/run/room.h has it, at the last look */
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
    struct mr_schedule schedule;  /* what may go on now */
    bool hurry;                   /* records of seldom ones were gathered: they should not wait */
    uint64_t hurried;             /* ns, when such went out last */
    struct mr_job_list at_work;   /* handlers started and not ended */
    struct mr_job_list waiting;   /* failed, until they are due again (retry.h) */
    struct mr_job_list unwritten; /* dead letters, until they are tried again (forward.h) */
    struct {
        struct mr_timer timer;
        void (*look)(struct mr_timer *timer); /* what the timer does */
        uint64_t told;                        /* ms, that one could not be moved */
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

#endif
