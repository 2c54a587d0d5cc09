/* The worker processes, one a slot: starts them, replaces those that die, carries frames both ways,
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
    /* It ended unasked; its row of the scoreboard still shows what it did. */
    void (*died)(void *context, uint64_t slot, const char *cause);
    /* `status` is that of waitpid(2). What the worker had sent was given to `frame` before. */
    void (*ended)(void *context, uint64_t slot, int status);
};

/* What the admin listener tells of a slot beyond its scoreboard. */
struct mr_worker_history {
    uint64_t started;  /* monotonic ms; of the worker there is, or of the last one */
    uint64_t restarts; /* workers that ended unasked, and were replaced */
};

/* Neither loop nor board nor host is taken over; all outlive the workers. */
struct mr_workers *mr_workers_new(uv_loop_t *loop, struct mr_scoreboard *board,
                                  const struct mr_workers_host *host, void *context);
/* Claims a place in the groups for each slot: the lowest number from the slot's on that no other
 * router of the machine has. A place is free when this process and its worker have ended, so that a
 * router that starts cannot take it between two workers. */
void mr_workers_claim_places(struct mr_workers *workers);
/* Closes handles and channels (the loop has to run once more). No worker may be alive. */
void mr_workers_free(struct mr_workers *workers);

/* Starts a worker a slot. Returns 0, or -errno where one cannot be started; those before it run
 * then. */
int mr_workers_start(struct mr_workers *workers);
/* For a slot without a worker, or with one whose channel broke: nothing. */
void mr_workers_send(struct mr_workers *workers, uint64_t slot, enum mr_frame_kind kind,
                     struct mr_bytes body);
void mr_workers_send_all(struct mr_workers *workers, enum mr_frame_kind kind);
/* Collects every child that ended, those that are not ours too (for PID 1). For SIGCHLD. */
void mr_workers_reap(struct mr_workers *workers);

/* Asks one to end; it is replaced as if it had died. */
void mr_workers_retire(struct mr_workers *workers, uint64_t slot);
/* Asks all to end; none is replaced from here on. */
void mr_workers_stop(struct mr_workers *workers);
/* Ends those that are left by force, and logs each with the reason. After mr_workers_stop. */
void mr_workers_kill(struct mr_workers *workers, const char *why);

/* Interrupts that run of Lua (base/scoreboard.h). */
void mr_workers_interrupt(struct mr_workers *workers, uint64_t slot, uint64_t run);
/* Kills one; it is replaced. */
void mr_workers_end(struct mr_workers *workers, uint64_t slot, enum mr_forced why);

uint64_t mr_workers_alive(const struct mr_workers *workers);
/* The array has an entry a slot. */
const struct mr_worker_history *mr_workers_histories(const struct mr_workers *workers);
/* How many workers were replaced, by how they ended. */
uint64_t mr_workers_deaths(const struct mr_workers *workers, enum mr_death death);

#endif
