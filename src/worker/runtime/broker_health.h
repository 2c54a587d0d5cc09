/* Whether the cluster can be reached: asked in the background at start, whenever a client says that
 * it lost its brokers, and every few seconds, since a broker that stands still closes no
 * connection. A state with a name, in the log and in the scoreboard. The answer tells which
 * partitions have no leader, too. */
#ifndef MR_WORKER_RUNTIME_BROKER_HEALTH_H
#define MR_WORKER_RUNTIME_BROKER_HEALTH_H

#include <stdbool.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "base/timers.h"
#include "kafka/cluster.h"
#include "kafka/producer.h"

struct mr_broker {
    uv_loop_t *loop;
    struct mr_timers *timers;
    struct mr_slot *slot;
    const struct mr_producer *via;
    const char *addresses;
    enum mr_broker_state state;
    uv_work_t question;
    struct mr_cluster_look look; /* the latest answer; the question's own while it is asked */
    struct mr_cluster_fault faults[MR_CLUSTER_FAULTS];
    size_t fault_count;
    bool asking, stopping;
    struct mr_timer retry;
    void (*changed)(void *data);
    void *data;
};

/* Begins to ask. `via`, and `addresses`, for the log, must outlive it; `changed` is called from the
 * loop when the state did. */
void mr_broker_start(struct mr_broker *broker, uv_loop_t *loop, struct mr_timers *timers,
                     struct mr_slot *slot, const struct mr_producer *via, const char *addresses,
                     void (*changed)(void *data), void *data);
void mr_broker_suspect(struct mr_broker *broker); /* a client lost its brokers: ask */
void mr_broker_stop(struct mr_broker *broker);

#endif
