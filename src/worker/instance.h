/* The name under which a worker is a static member of its groups (Kafka's group.instance.id). Who
 * replaces a worker that died has its name, and its partitions at once, and the group does not
 * rebalance.
 *
 * By default the name is the host's and a number that no other worker of the machine has: the
 * slot's where it is free. Machines that have one host name, or routers that were given one name,
 * fence each other once: then the one that was fenced takes another name, and both go on. */
#ifndef MR_WORKER_INSTANCE_H
#define MR_WORKER_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/claim.h"
#include "base/config.h"
#include "base/scoreboard.h"

struct mr_instance {
    char name[256]; /* "": the worker is no static member */
    bool lasting; /* the user gave it: the member stays in its groups when its router stops, too */
    struct mr_claim claim;
};

/* `number` is the slot's. */
void mr_instance_name(struct mr_instance *instance, const struct mr_config *config, uint64_t number,
                      const struct mr_slot *slot);
/* Another member has taken the name: logs it. The slot's next worker has another one. */
void mr_instance_fenced(const struct mr_instance *instance, struct mr_slot *slot);
void mr_instance_free(struct mr_instance *instance);

#endif
