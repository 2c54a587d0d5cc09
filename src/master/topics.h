/* What was done with the messages of each topic, by all workers together. */
#ifndef MR_MASTER_TOPICS_H
#define MR_MASTER_TOPICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/scoreboard.h"

struct mr_topic_sums {
    const char *name; /* the scoreboard's */
    uint64_t processed[MR_STATUSES];
};

/* One entry a topic, in the order of their names; returns how many. The caller frees the array.
 * Topics that had no row in a slot are together under "other", which is there only if something was
 * counted. */
size_t mr_topics_sum(const struct mr_scoreboard *board, struct mr_topic_sums **sums);

#endif
