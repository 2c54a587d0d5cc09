/* Whether a worker that has its partitions serves them: what a client of Kafka goes on mending in
 * silence becomes a state with a name, in the log, the scoreboard and so in health. It heals by
 * itself. */
#ifndef MR_WORKER_RUNTIME_SERVING_H
#define MR_WORKER_RUNTIME_SERVING_H

#include "base/scoreboard.h"
#include "worker/consumer/groups.h"
#include "worker/rpc/requests.h"
#include "worker/runtime/broker_health.h"

struct mr_routes;

struct mr_serving {
    enum mr_outage trouble;
    uint64_t again; /* ms, when to look again */
};

/* Looks, once a second at most, and shows what it finds. `routes` may be NULL. */
void mr_serving_look(struct mr_serving *serving, struct mr_slot *slot, struct mr_groups *groups,
                     const struct mr_broker *broker, struct mr_routes *routes, struct mr_rpc *rpc);

#endif
