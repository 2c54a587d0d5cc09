/* Checks if a worker serves the partitions that it has. A Kafka client goes on mending some faults
 * in silence. Such a fault becomes a state with a name, in the log, in the scoreboard and so in
 * health. The state ends by itself. */
#ifndef MR_WORKER_RUNTIME_SERVING_H
#define MR_WORKER_RUNTIME_SERVING_H

#include "base/scoreboard.h"
#include "worker/consumer/groups.h"
#include "worker/rpc/requests.h"
#include "worker/runtime/broker_health.h"

struct mr_partitions;
struct mr_routes;

struct mr_serving {
    enum mr_outage trouble;
    char why[MR_NOTE_SIZE]; /* its reason */
    uint64_t again;         /* ms, when to look again */
    bool unacknowledged;    /* a record has not been acknowledged for MR_UNACKNOWLEDGED_S */
};

/* Looks, every 500 ms at most, and shows the result. `routes` may be NULL. */
void mr_serving_look(struct mr_serving *serving, struct mr_slot *slot, struct mr_groups *groups,
                     const struct mr_broker_health *broker, struct mr_routes *routes,
                     struct mr_rpc *rpc, const struct mr_partitions *partitions);

#endif
