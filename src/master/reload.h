/* Reads configuration and scripts anew, has the rollout bring them to the workers, and says how it
 * went: in the log and in two counts. The first one, at the start, is the same but that there is
 * nothing to keep when it is refused. */
#ifndef MR_MASTER_RELOAD_H
#define MR_MASTER_RELOAD_H

#include <uv.h>

#include "base/metrics.h"
#include "master/master.h"
#include "master/rollout.h"

struct mr_reload;

/* A worker that has not loaded the new scripts after this is not waited for. */
enum { MR_RELOAD_TIME = 30000 }; /* ms */

struct mr_reload_host {
    void (*send)(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body);
    void (*unfit)(void *context, uint64_t slot, struct mr_bytes why); /* as in rollout.h */
    /* The first snapshot was refused; standard error says why. */
    void (*failed)(void *context, int code);
};

/* Takes over the first snapshot, which every worker started after this gets. Neither loop nor
 * options are taken over. */
struct mr_reload *mr_reload_new(uv_loop_t *loop, const struct mr_master_options *options,
                                struct mr_snapshot *first, uint64_t slot_count,
                                const struct mr_reload_host *host, void *context);
/* Closes its handles (the loop has to run once more). */
void mr_reload_free(struct mr_reload *reload);

/* Starts a reload, or notes that one is to follow the one that is going on. */
void mr_reload_request(struct mr_reload *reload);
/* No reload starts from here on, and how one that is going on ends matters to nobody. */
void mr_reload_stop(struct mr_reload *reload);
/* What workers say; frames of other kinds are none of its business. */
void mr_reload_frame(struct mr_reload *reload, uint64_t slot, const struct mr_frame *frame);
struct mr_rollout *mr_reload_rollout(struct mr_reload *reload);
uint64_t mr_reload_count(const struct mr_reload *reload, enum mr_reload_result result);

#endif
