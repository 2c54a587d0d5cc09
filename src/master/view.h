/* All data for one answer of the admin listener. Borrowed. */
#ifndef MR_MASTER_VIEW_H
#define MR_MASTER_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/scoreboard.h"
#include "master/workers.h"

struct mr_view {
    const char *version;
    const char *service;
    pid_t pid;
    uint64_t now, started; /* monotonic ms */
    uint64_t generation;   /* the accepted one; 0 before the first */
    bool stopping;
    uint64_t reloads[MR_RELOAD_RESULTS];
    uint64_t deaths[MR_DEATHS];
    const struct mr_scoreboard *board;
    const struct mr_worker_history *histories; /* one per slot */
};

#endif
