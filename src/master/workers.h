/* The worker processes, one per slot: starts them, replaces dead ones, carries frames both ways,
 * ends them. */
#ifndef MR_MASTER_WORKERS_H
#define MR_MASTER_WORKERS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/channel.h"
#include "base/scoreboard.h"
#include "master/obituary.h"

struct mr_workers;

struct mr_workers_host {
    void (*started)(void *context, uint64_t slot);
    void (*frame)(void *context, uint64_t slot, const struct mr_frame *frame);
    /* The worker did not end in order. Its row of the scoreboard still shows its last work. */
    void (*died)(void *context, uint64_t slot, const char *cause);
    /* `status` is from waitpid(2). Frames that the worker had sent were passed to `frame`
     * before. */
    void (*ended)(void *context, uint64_t slot, int status);
};

/* The part of a slot that the admin listener shows and the scoreboard lacks. */
struct mr_worker_history {
    uint64_t started;  /* monotonic ms; of the present worker, or of the last one */
    uint64_t restarts; /* workers that ended while the router was not stopping */
};

/* Borrows `loop` and `board`, which must outlive the workers; copies `host`. */
struct mr_workers *mr_workers_new(uv_loop_t *loop, struct mr_scoreboard *board,
                                  const struct mr_workers_host *host, void *context);
/* Claims a place in the groups for each slot: the lowest number, from the slot's own upwards, that
 * no other router of the machine holds. A place is free when this process and the slot's worker
 * have ended. So a router that starts cannot take it between two workers. */
void mr_workers_claim_places(struct mr_workers *workers);
/* Closes handles and channels. The loop must run once more. No worker may be alive (asserted). */
void mr_workers_free(struct mr_workers *workers);

/* Starts one worker per slot. Returns 0, or -errno if one cannot be started; the workers before it
 * run then. */
int mr_workers_start(struct mr_workers *workers);
/* Sends a frame. Does nothing if the slot has no worker, or if its channel is broken. */
void mr_workers_send(struct mr_workers *workers, uint64_t slot, enum mr_frame_kind kind,
                     struct mr_bytes body);
void mr_workers_send_all(struct mr_workers *workers, enum mr_frame_kind kind);
/* Collects every child that ended, also those that are not workers (for PID 1). Call it on
 * SIGCHLD. */
void mr_workers_reap(struct mr_workers *workers);

/* Asks a worker to end. It is replaced as if it had died. */
void mr_workers_retire(struct mr_workers *workers, uint64_t slot);
/* Asks all workers to end. None is replaced from here on. */
void mr_workers_stop(struct mr_workers *workers);
/* Kills the workers that are left, and logs each with the reason. Call it after
 * mr_workers_stop(). */
void mr_workers_kill(struct mr_workers *workers, const char *why);

/* Interrupts that run of Lua (base/scoreboard.h). Does nothing if the slot has no worker. */
void mr_workers_interrupt(struct mr_workers *workers, uint64_t slot, uint64_t run);
/* Kills a worker, which is replaced. Does nothing if the slot has none. */
void mr_workers_end(struct mr_workers *workers, uint64_t slot, enum mr_forced why);

uint64_t mr_workers_alive(const struct mr_workers *workers);
/* Returns an array with one entry per slot. */
const struct mr_worker_history *mr_workers_histories(const struct mr_workers *workers);
/* Returns how many workers ended this way while the router was not stopping. */
uint64_t mr_workers_deaths(const struct mr_workers *workers, enum mr_death death);

#endif
