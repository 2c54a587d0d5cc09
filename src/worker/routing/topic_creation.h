/* Sees to it that the dead-letter and retry topics of the routes are there: creates those that are
 * missing as soon as their source is there, with as many partitions, in the background, and says
 * which it could not. Every worker does so for itself, and a topic that another has created is as
 * good. */
#ifndef MR_WORKER_ROUTING_TOPIC_CREATION_H
#define MR_WORKER_ROUTING_TOPIC_CREATION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "kafka/creation.h"
#include "worker/routing/routes.h"

struct mr_provision;

/* `speaks`: this worker tells, in the log and in its slot, what is missing; one of them does. `via`
 * must outlive it. */
struct mr_provision *mr_provision_new(uv_loop_t *loop, struct mr_slot *slot,
                                      const struct mr_producer *via, bool speaks);
/* Looks what these routes lack among these topics, and creates it where `create` allows. False
 * while it is still creating what it found before: look again. */
bool mr_provision_look(struct mr_provision *provision, struct mr_routes *routes,
                       const struct mr_cluster_topics *topics, bool create);
/* In how many ms to look again, for what is missing or whose source is; 0 where nothing is. Grows
 * with every look that finds no change. */
uint64_t mr_provision_again(const struct mr_provision *provision);
void mr_provision_stop(struct mr_provision *provision);
/* The loop must have run until nothing is being created any more. */
void mr_provision_free(struct mr_provision *provision);

#endif
