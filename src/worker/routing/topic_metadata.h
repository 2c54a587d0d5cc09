/* What topics the cluster has, as of when it was last asked, in the background. Never makes a
 * broker create one. */
#ifndef MR_WORKER_ROUTING_TOPIC_METADATA_H
#define MR_WORKER_ROUTING_TOPIC_METADATA_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/timers.h"
#include "kafka/cluster.h"

struct mr_catalogue;

/* The cluster has answered, from the loop; `changed`: not as it did last time. */
typedef void mr_catalogue_heard_fn(void *data, bool changed);

/* Asks nothing yet. `via` must outlive it. */
struct mr_catalogue *mr_catalogue_new(uv_loop_t *loop, struct mr_timers *timers,
                                      const struct mr_producer *via, mr_catalogue_heard_fn *heard,
                                      void *data);
/* Asks in `within` ms, sooner where that was said before; again and again until there is an answer.
 */
void mr_catalogue_ask(struct mr_catalogue *catalogue, uint64_t within);
/* The latest answer, NULL before the first. Borrowed until the next. */
const struct mr_cluster_topics *mr_catalogue_topics(const struct mr_catalogue *catalogue);
void mr_catalogue_stop(struct mr_catalogue *catalogue); /* `heard` is called no more */
/* The loop must have run until nothing is asked any more. */
void mr_catalogue_free(struct mr_catalogue *catalogue);

#endif
