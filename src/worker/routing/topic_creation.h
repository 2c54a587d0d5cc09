/* Creates missing dead-letter and retry topics of the routes, in the background. A topic is created
 * as soon as its source exists, with as many partitions. One worker logs topics that could not be
 * created. Every worker creates for itself; a topic that another worker has created is as good. */
#ifndef MR_WORKER_ROUTING_TOPIC_CREATION_H
#define MR_WORKER_ROUTING_TOPIC_CREATION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "kafka/creation.h"
#include "worker/routing/routes.h"

struct mr_topic_creation;

/* Borrows `via`, which must outlive the result. If `speaks`, this worker reports missing topics, in
 * the log and in its slot; one worker does. */
struct mr_topic_creation *mr_topic_creation_new(uv_loop_t *loop, struct mr_slot *slot,
                                                const struct mr_producer *via, bool speaks);
/* Finds the topics that these routes lack among `topics`, and creates them if `create` allows.
 * Returns false if it is still creating those found before: look again. */
bool mr_topic_creation_look(struct mr_topic_creation *provision, struct mr_routes *routes,
                            const struct mr_cluster_topics *topics, bool create);
/* Returns in how many ms to look again, because a topic or its source is missing; 0 if none is.
 * Grows with every look that finds no change. */
uint64_t mr_topic_creation_again(const struct mr_topic_creation *provision);
void mr_topic_creation_stop(struct mr_topic_creation *provision);
/* Frees it. The loop must have run until nothing is being created any more (asserted). */
void mr_topic_creation_free(struct mr_topic_creation *provision);

#endif
