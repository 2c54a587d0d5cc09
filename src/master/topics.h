/* Sums how the messages of each topic were processed, and how many are in each state, over all
 * workers. */
#ifndef MR_MASTER_TOPICS_H
#define MR_MASTER_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scoreboard.h"

struct mr_topic_sums {
    const char *name; /* owned by the scoreboard */
    uint64_t processed[MR_STATUSES];
    uint64_t messages[MR_JOB_SETTLED]; /* per state */
    bool seen[MR_JOB_SETTLED];         /* per state: a message was ever in it */
};

/* Makes one entry per topic, sorted by name, and returns how many. The caller frees the array.
 * Topics without a row in a slot are together under "other", which is present only if it counted
 * something. */
size_t mr_topics_sum(const struct mr_scoreboard *board, struct mr_topic_sums **sums);

#endif
