/* The master: starts workers, restarts those that die, takes signals, reloads, serves the admin
 * listener. It runs no handler and has no Kafka client. */
#ifndef MR_MASTER_MASTER_H
#define MR_MASTER_MASTER_H

#include <stdbool.h>

#include "base/errors.h"
#include "config/snapshot.h"

struct mr_master_options {
    /* Reads configuration and scripts anew: at start (generation 1) and at each reload. NULL with
     * errors when they are bad. */
    struct mr_snapshot *(*read)(void *context, uint64_t generation, struct mr_errors *errors);
    void *context;
    const char *version; /* of the program, as /status tells it */
    bool watch; /* reload when a file below the scripts folder or one of `files` changes (dev) */
    /* The configuration's files, NULL-ended, or NULL; they need not exist. */
    const char *const *files;
    /* Called once, when every worker is ready; NULL: nothing. */
    void (*ready)(void *context, const struct mr_snapshot *snapshot);
};

/* Runs until it is told to stop; returns an enum mr_exit: 0 after a graceful stop, 78 and 65 for a
 * bad configuration and a script that does not load, both with the errors on standard error, 70
 * when it cannot start its workers. */
int mr_master_run(const struct mr_master_options *options);

#endif
