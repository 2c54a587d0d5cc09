/* Reads the configuration file: Lua that returns a table. */
#ifndef MR_LUA_CONFIG_FILE_H
#define MR_LUA_CONFIG_FILE_H

#include "base/errors.h"
#include "config/config.h"

/* Runs the file in a bare environment with `env NAME`, string, table and math. Sets every value
 * that the file returns, unless the value is set already. `env` reads a variable, or the file that
 * NAME_FILE names, and returns "" if neither is set. Errors name FILE:LINE for syntax and run-time
 * errors, and FILE: PATH: ... for values. */
void mr_config_file(struct mr_config *config, const char *file, struct mr_errors *errors);

#endif
