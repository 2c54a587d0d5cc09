/* The shared state of the code that sees a message through, from its dispatch until its offset is
 * settled. */
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

/* Lua's memory while scripts fill it (worker/handler/memory.h). */
struct mr_memory {
    size_t room;                     /* bytes that all scripts together may keep */
    unsigned level;                  /* of lua/run/room.h, at the last look */
    bool is_fresh;                   /* garbage was collected in the run that just ended */
    bool is_suspect;                 /* a script may keep more than its route's budget */
    bool held[MR_ROOM_ROWS];         /* per row: the script's messages wait */
    size_t budgets[MR_ROOM_ROWS];    /* per row: bytes of the script's largest route, or 0 */
    uint64_t looks_at, exhausted_at; /* ms, when to look next; ms, when memory ran out */
    struct mr_timer timer;           /* makes a turn for the next look */
};

struct mr_dispatch {
    struct mr_vm *vm;
    struct mr_slot *slot;
    struct mr_timers *timers;
    struct mr_outbox *outbox; /* the worker sets this and the next two before the first message */
    struct mr_rpc *rpc;
    struct mr_transaction *transaction;
    struct mr_routes *routes; /* the current ones */
    uint64_t routes_number;   /* counts generations: a new one may get an old one's address, not its
                                 number */
    struct mr_partitions partitions;
    struct mr_order order;
    struct mr_job_pool pool;
    struct mr_schedule schedule; /* what may go on now */
    bool hurry;       /* gathered records of a seldom route or partition should leave soon */
    uint64_t hurried; /* ns, when such records were flushed last */
    struct mr_job_list at_work;   /* jobs whose handlers have started and not ended */
    uint64_t old_began;           /* ns, when the newest handler that was logged as old started
                                     (handler/age.h) */
    struct mr_job_list waiting;   /* jobs that wait for their retry (failure/retry.h) */
    struct mr_job_list unwritten; /* jobs whose record to another topic is to be written again
                                     (failure/forward.h) */
    struct {
        struct mr_timer timer;
        void (*look)(struct mr_timer *timer); /* called by the timer */
        uint64_t told;                        /* ms, when a refused move was last logged */
    } later;
    struct mr_memory memory;
    struct mr_reply reply;
    struct mr_poisons poisons; /* messages that must not run again (poison_list.h) */
    void (*buried)(void *data, const struct mr_message_id *id); /* `id` is settled */
    void *buried_data;
    /* Called when a record that takes a message to another topic is refused, because that topic may
     * not exist any more. */
    void (*doubted)(void *data);
    void *doubted_data;
    uint64_t load_time;  /* ms that the load of all scripts may take */
    int64_t rpc_timeout; /* ms */
    bool drop_expired;   /* drop requests whose deadline is over */
    int64_t wall_offset; /* ms, from monotonic to wall time */
    uint64_t random;     /* state of base/random.h */
    size_t working;      /* handlers started and not ended */
    size_t jobs;         /* jobs not settled */
    bool stopping;
    bool cancelled; /* requests of handlers are cancelled: a handler that fails now fails for the
                       stop */
    bool abandoned; /* a message whose records are not acknowledged by now stores no offset */
};

#endif
