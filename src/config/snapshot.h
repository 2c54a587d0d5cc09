/* What the master hands to workers: the configuration and the text of all scripts, read once, so
 * that every worker runs the same and one restarted later runs what was accepted last, whatever
 * lies on disk by then. */
#ifndef MR_CONFIG_SNAPSHOT_H
#define MR_CONFIG_SNAPSHOT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/errors.h"
#include "config/config.h"

/* A handler's name has no slash. */
struct mr_script_file {
    char *name;  /* below the scripts folder, with slashes: "echo.lua", "lib/money.lua" */
    char *place; /* as errors name it: "scripts/echo.lua" */
    char *text;
    size_t length;
};

struct mr_snapshot {
    uint64_t generation; /* 1 for the one at start */
    struct mr_config *config;
    struct mr_script_file *files; /* in the order of their names */
    size_t file_count;
};

/* Reads the handlers, DIR/NAME.lua, and what they require: every .lua file below DIR/lib. Links are
 * followed; names that begin with a dot are passed over. Takes the configuration over. Adds errors
 * for what cannot be read, for a folder without handlers, a handler whose name is no topic, a route
 * whose script is not there; the snapshot is then not to be used but still to be freed. */
struct mr_snapshot *mr_snapshot_read(uint64_t generation, struct mr_config *config,
                                     const char *directory, struct mr_errors *errors);
void mr_snapshot_free(struct mr_snapshot *snapshot);

void mr_snapshot_encode(const struct mr_snapshot *snapshot, struct mr_buf *out);
struct mr_snapshot *mr_snapshot_decode(struct mr_bytes bytes); /* NULL where malformed */

#endif
