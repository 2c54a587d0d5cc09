/* The name under which a worker is a static member of its groups (Kafka's group.instance.id). The
 * replacement of a worker that died has its name, and its partitions at once, and the group does
 * not rebalance.
 *
 * By default the name is the host's and the number that the master has claimed for the slot, which
 * no other router of the machine has (master/workers.h). Machines that have one host name, or
 * routers that were given one name, fence each other once: the worker that was fenced is replaced
 * by one of another name, and both go on. */
#ifndef MR_WORKER_CONSUMER_INSTANCE_H
#define MR_WORKER_CONSUMER_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scoreboard.h"
#include "config/config.h"

struct mr_instance {
    char name[256]; /* "": the worker is no static member */
    bool lasting; /* the user gave it: the member stays in its groups when its router stops, too */
    bool fenced;  /* another member has the name */
};

/* `number` is the slot's, and so is the row. */
void mr_instance_name(struct mr_instance *instance, const struct mr_config *config, uint64_t number,
                      struct mr_membership_row *row);
/* Another member has taken the name: logs it. The slot's next worker has another one. */
void mr_instance_fenced(struct mr_instance *instance, struct mr_membership_row *row);
/* Returns true if a worker that stops keeps its place in its groups for a successor. `returns`:
 * there is one at once. */
bool mr_instance_stays(const struct mr_instance *instance, bool returns);

#endif
