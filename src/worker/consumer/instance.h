/* The name under which a worker is a static member of its groups (Kafka's group.instance.id). If a
 * worker dies, its replacement has the same name. It gets the same partitions at once, and the
 * group does not rebalance.
 *
 * By default the name is that of the host, with the number that the master has claimed for the
 * slot. No other router of the machine has that number (master/workers.h). If two machines have one
 * host name, or two routers were given one name, they fence each other once. The fenced worker is
 * replaced by one with another name, and both go on. */
#ifndef MR_WORKER_CONSUMER_INSTANCE_H
#define MR_WORKER_CONSUMER_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scoreboard.h"
#include "config/config.h"

struct mr_instance {
    char name[256]; /* "": the worker is no static member */
    bool lasting;   /* the user gave the name: the member stays in its groups also when its router
                       stops */
    bool fenced;    /* another member has the name */
};

/* Sets the name. `number` and `row` are the slot's. */
void mr_instance_name(struct mr_instance *instance, const struct mr_config *config, uint64_t number,
                      struct mr_membership_row *row);
/* Logs that another member has taken the name. The slot's next worker gets another name. */
void mr_instance_fenced(struct mr_instance *instance, struct mr_membership_row *row);
/* Returns true if a worker that stops keeps its place in its groups for a successor. `returns`: the
 * successor comes at once. */
bool mr_instance_stays(const struct mr_instance *instance, bool returns);

#endif
