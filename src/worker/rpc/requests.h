/* Requests of handlers (router.request): correlation ids, waits, time-outs and replies. */
#ifndef MR_WORKER_RPC_REQUESTS_H
#define MR_WORKER_RPC_REQUESTS_H

#include <stddef.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "base/timers.h"
#include "config/config.h"
#include "kafka/cluster.h"
#include "lua/vm.h"
#include "worker/job/job.h"
#include "worker/job/wait.h"
#include "worker/producer/outbox.h"

struct mr_rpc;

struct mr_rpc_events {
    /* The wait has its result: the job's handler is to be resumed. */
    void (*ended)(void *data, struct mr_wait *wait);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

/* Starts to listen to rpc.response_topics. `number` is the worker's. Borrows `outbox`, which must
 * outlive the result. */
struct mr_rpc *mr_rpc_new(const struct mr_config *config, uint64_t number, uv_loop_t *loop,
                          int wake_fd, struct mr_timers *timers, struct mr_slot *slot,
                          struct mr_outbox *outbox, const struct mr_rpc_events *events, void *data);
/* Sends a request that a job waits for, as soon as the inbox listens for its answer. Exactly one
 * `ended` follows, never from within this call. The wait fails with 502 RequestFailed if the record
 * is refused, or if its answer could not be read. Returns 0. If the request cannot be opened,
 * returns -1 with `why`, and the wait stays the caller's. */
int mr_rpc_open(struct mr_rpc *rpc, struct mr_wait *wait, const struct mr_ask *ask, int64_t timeout,
                char *why, size_t size);
/* Ends the request that the job waits for under that number, soon, with the error 502
 * RequestFailed. Call it if the request will never be delivered. */
void mr_rpc_undelivered(const struct mr_job *job, uint32_t number, const char *why);
/* Ends all open requests with the error 503 RequestCancelled, from within, because the worker
 * stops. No more requests are opened. */
void mr_rpc_cancel_all(struct mr_rpc *rpc);
/* Takes up to `most` replies. Returns how many it took; if fewer, there are no more. */
size_t mr_rpc_poll(struct mr_rpc *rpc, size_t most);
/* Takes the faults of topics that the cluster reports at this moment. */
void mr_rpc_shown(struct mr_rpc *rpc, const struct mr_cluster_fault *faults, size_t count);
/* Returns true with `why` if answers cannot be read (mr_inbox_troubled). */
bool mr_rpc_troubled(const struct mr_rpc *rpc, char *why, size_t size);
void mr_rpc_stop(struct mr_rpc *rpc);
void mr_rpc_free(struct mr_rpc *rpc);

#endif
