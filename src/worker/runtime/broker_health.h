/* Checks if the cluster is reachable, in the background: at start, when a client reports that it
 * lost its brokers, and every few seconds. The regular check is needed because a broker that stands
 * still closes no connection. The state has a name, in the log and in the scoreboard. The answer
 * also lists faults of topics, such as partitions without a leader. */
#ifndef MR_WORKER_RUNTIME_BROKER_HEALTH_H
#define MR_WORKER_RUNTIME_BROKER_HEALTH_H

#include <stdbool.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "base/timers.h"
#include "kafka/cluster.h"
#include "kafka/producer.h"

struct mr_broker_health {
    uv_loop_t *loop;
    struct mr_timers *timers;
    struct mr_slot *slot;
    const struct mr_producer *via;
    const char *addresses;
    enum mr_broker_state state;
    uv_work_t question;
    struct mr_cluster_look look; /* the latest answer; the pool's thread writes it while `asking` */
    struct mr_cluster_fault faults[MR_CLUSTER_FAULTS];
    size_t fault_count;
    bool asking, stopping;
    struct mr_timer retry;
    void (*changed)(void *data);
    void *data;
};

/* Starts to ask. Borrows `via` and `addresses` (for the log), which must outlive it. Calls
 * `changed` from the loop if the state has changed. */
void mr_broker_health_start(struct mr_broker_health *broker, uv_loop_t *loop,
                            struct mr_timers *timers, struct mr_slot *slot,
                            const struct mr_producer *via, const char *addresses,
                            void (*changed)(void *data), void *data);
/* Asks now: a client lost its brokers. */
void mr_broker_health_suspect(struct mr_broker_health *broker);
void mr_broker_health_stop(struct mr_broker_health *broker);

#endif
