/* A snapshot holds the configuration and the text of all scripts. The master reads it once and
 * sends it to all workers, so that all run the same. A worker that is restarted later runs the last
 * accepted snapshot, even if the files have changed. */
#ifndef MR_CONFIG_SNAPSHOT_H
#define MR_CONFIG_SNAPSHOT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/errors.h"
#include "config/config.h"

/* A script. The name of a handler has no slash. */
struct mr_script_file {
    char *name;  /* relative to the scripts folder: "echo.lua", "lib/money.lua" */
    char *place; /* its path in errors: "scripts/echo.lua" */
    char *text;
    size_t length;
};

struct mr_snapshot {
    uint64_t generation; /* 1 at the start */
    struct mr_config *config;
    struct mr_script_file *files; /* sorted by name */
    size_t file_count;
};

/* Reads the handlers, DIR/NAME.lua, and the modules that they require: every .lua file below
 * DIR/lib. Follows links, and skips names that begin with a dot. Takes over the configuration.
 *
 * Adds an error for a file that cannot be read, or a folder without handlers. Also adds one if a
 * handler's name is not a topic's, or a route's script is missing. After an error, do not use the
 * snapshot, but free it. */
struct mr_snapshot *mr_snapshot_read(uint64_t generation, struct mr_config *config,
                                     const char *directory, struct mr_errors *errors);
void mr_snapshot_free(struct mr_snapshot *snapshot);

void mr_snapshot_encode(const struct mr_snapshot *snapshot, struct mr_buf *out);
struct mr_snapshot *mr_snapshot_decode(struct mr_bytes bytes); /* NULL if the bytes are malformed */

#endif
