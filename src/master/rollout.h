/* All or nothing: hands a snapshot to every worker, and has them use it only when each could load
 * it.
 *
 * There is one accepted snapshot, which every worker runs or is about to run, and at most one
 * candidate. The first candidate has no accepted one before it; its workers use it as soon as all
 * of them have loaded it. A worker started while a candidate is on its way first gets the accepted
 * one, as one that runs nothing would be missed, and then the candidate; but where no worker runs
 * the accepted one (they die of it, say), it gets the candidate at once.
 *
 * The room keeps who was asked what and knows neither processes nor time: the master tells it of
 * both. */
#ifndef MR_MASTER_ROLLOUT_H
#define MR_MASTER_ROLLOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/channel.h"
#include "config/snapshot.h"

struct mr_rollout;

struct mr_rollout_host {
    void (*send)(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body);
    /* The candidate is the accepted one now; `before` is NULL for the first, and freed after the
     * call. */
    void (*accepted)(void *context, const struct mr_snapshot *before,
                     const struct mr_snapshot *now);
    /* The candidate is given up; `code` is the enum mr_exit for a program that ends of it. Freed
     * after the call. */
    void (*refused)(void *context, struct mr_bytes why, int code);
    /* A worker cannot load what is accepted, and so is of no use. */
    void (*unfit)(void *context, uint64_t slot, struct mr_bytes why);
};

struct mr_rollout *mr_rollout_new(const struct mr_rollout_host *host, void *context,
                                  uint64_t slot_count);
void mr_rollout_free(struct mr_rollout *rollout);

/* Takes the snapshot over. Its generation was never used before, and no other candidate is on its
 * way (asserted). */
void mr_rollout_begin(struct mr_rollout *rollout, struct mr_snapshot *candidate);
bool mr_rollout_busy(const struct mr_rollout *rollout);
/* NULL before the first. */
const struct mr_snapshot *mr_rollout_accepted(const struct mr_rollout *rollout);

/* What happens in the world. Answers to questions that are no longer open are passed over. */
void mr_rollout_started(struct mr_rollout *rollout,
                        uint64_t slot); /* a worker, after the first begin */
void mr_rollout_loaded(struct mr_rollout *rollout, uint64_t slot, uint64_t generation);
void mr_rollout_refused(struct mr_rollout *rollout, uint64_t slot, uint64_t generation,
                        struct mr_bytes why, int code);
/* `in_order`: not of what it was to load. Its successor goes on with that. */
void mr_rollout_ended(struct mr_rollout *rollout, uint64_t slot, bool in_order);
void mr_rollout_expired(struct mr_rollout *rollout); /* the candidate's time is over */

#endif
