/* The master: starts workers, restarts dead ones, takes signals, reloads and serves the admin
 * listener. It runs no handler and has no Kafka client. */
#ifndef MR_MASTER_MASTER_H
#define MR_MASTER_MASTER_H

#include <stdbool.h>

#include "base/errors.h"
#include "config/snapshot.h"

struct mr_master_options {
    /* Reads configuration and scripts: at start (generation 1) and at each reload. Returns NULL
     * with errors if they are bad. */
    struct mr_snapshot *(*read)(void *context, uint64_t generation, struct mr_errors *errors);
    void *context;
    /* Called when all workers have accepted the snapshot that was read last. May be NULL. */
    void (*accepted)(void *context);
    const char *version; /* of the program, as /status shows it */
    bool watch; /* reload when a file below the scripts folder or one of `files` changes (dev) */
    /* The configuration's files, a NULL-terminated list or NULL. They need not exist. */
    const char *const *files;
    /* Called once, when every worker is ready. May be NULL. */
    void (*ready)(void *context, const struct mr_snapshot *snapshot);
};

/* Runs until it is stopped, and returns an enum mr_exit: 0 after a graceful stop. Returns 78 if the
 * configuration is bad and 65 if a script does not load, both with the errors on standard error.
 * Returns 70 if it cannot start its workers. */
int mr_master_run(const struct mr_master_options *options);

#endif
