/* Rolls out a snapshot, all or nothing: hands it to every worker, and lets them use it only if each
 * could load it.
 *
 * One worker tries a candidate first, and the others go on serving. They get the candidate when the
 * first one has loaded it. So a script that hangs or crashes as it loads costs one worker.
 *
 * There is one accepted snapshot, which every worker runs or is about to run, and at most one
 * candidate. Before the first candidate nothing is accepted; workers use this candidate as soon as
 * all of them have loaded it. If a worker starts while a candidate is being loaded, it gets the
 * accepted snapshot first, because a worker that runs nothing would be missed. Then it gets the
 * candidate. If no worker runs the accepted snapshot (because they die of it, say), the new worker
 * gets the candidate at once.
 *
 * This room keeps the requests to each worker. It knows neither processes nor time; the master
 * reports both. */
#ifndef MR_MASTER_ROLLOUT_H
#define MR_MASTER_ROLLOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/channel.h"
#include "config/snapshot.h"

struct mr_rollout;

struct mr_rollout_host {
    void (*send)(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body);
    /* The first worker has loaded the candidate. The others are asked now, so its time begins anew.
     */
    void (*tried)(void *context);
    /* The candidate is accepted now. `before` is NULL for the first one, and freed after the
     * call. */
    void (*accepted)(void *context, const struct mr_snapshot *before,
                     const struct mr_snapshot *now);
    /* The candidate is abandoned, and freed after the call. `code` is the enum mr_exit if the
     * program ends because of it. */
    void (*refused)(void *context, struct mr_bytes why, int code);
    /* A worker cannot load the accepted snapshot, so it is of no use. */
    void (*unfit)(void *context, uint64_t slot, struct mr_bytes why);
};

struct mr_rollout *mr_rollout_new(const struct mr_rollout_host *host, void *context,
                                  uint64_t slot_count);
void mr_rollout_free(struct mr_rollout *rollout);

/* Starts to roll out `candidate`, which it takes over. Its generation must be greater than the
 * accepted one, and there must be no other candidate (both asserted). */
void mr_rollout_begin(struct mr_rollout *rollout, struct mr_snapshot *candidate);
bool mr_rollout_busy(const struct mr_rollout *rollout);
/* Returns NULL before the first snapshot is accepted. */
const struct mr_snapshot *mr_rollout_accepted(const struct mr_rollout *rollout);

/* Events that the master reports. An answer to a request that is no longer open is ignored. */
void mr_rollout_started(struct mr_rollout *rollout, uint64_t slot); /* after the first begin */
void mr_rollout_loaded(struct mr_rollout *rollout, uint64_t slot, uint64_t generation);
void mr_rollout_refused(struct mr_rollout *rollout, uint64_t slot, uint64_t generation,
                        struct mr_bytes why, int code);
/* `in_order`: the snapshot to be loaded is not to blame. If so, the candidate stays, and the
 * worker's successor goes on with it. */
void mr_rollout_ended(struct mr_rollout *rollout, uint64_t slot, bool in_order);
void mr_rollout_expired(struct mr_rollout *rollout); /* the candidate's time is over */

#endif
