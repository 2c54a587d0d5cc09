/* Knows the cluster's topics, from the latest question to a broker. Asks in the background, and
 * never makes a broker create a topic. */
#ifndef MR_WORKER_ROUTING_TOPIC_METADATA_H
#define MR_WORKER_ROUTING_TOPIC_METADATA_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/timers.h"
#include "kafka/cluster.h"

struct mr_topic_metadata;

/* Called from the loop when the cluster has answered. `changed`: the answer differs from the
 * last. */
typedef void mr_topic_metadata_heard_fn(void *data, bool changed);

/* Asks nothing yet. Borrows `via`, which must outlive the result. */
struct mr_topic_metadata *mr_topic_metadata_new(uv_loop_t *loop, struct mr_timers *timers,
                                                const struct mr_producer *via,
                                                mr_topic_metadata_heard_fn *heard, void *data);
/* Asks in `within` ms, or sooner if an earlier call said so. Repeats the question until there is an
 * answer. */
void mr_topic_metadata_ask(struct mr_topic_metadata *catalogue, uint64_t within);
/* Returns the latest answer, NULL before the first. Borrowed until the next. */
const struct mr_cluster_topics *mr_topic_metadata_topics(const struct mr_topic_metadata *catalogue);
void mr_topic_metadata_stop(struct mr_topic_metadata *catalogue); /* calls `heard` no more */
/* Frees it. The loop must have run until no question is open any more (asserted). */
void mr_topic_metadata_free(struct mr_topic_metadata *catalogue);

#endif
