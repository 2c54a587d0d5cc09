/* Reads the configuration file: Lua that returns a table. */
#ifndef MR_LUA_CONFIG_FILE_H
#define MR_LUA_CONFIG_FILE_H

#include "base/errors.h"
#include "config/config.h"

/* Runs the file in a bare environment (`env NAME` reads a variable and "" where unset, NAME_FILE
 * too; string, table, math) and sets every value it returns, unless it is set already. Errors name
 * FILE:LINE for syntax and run-time errors, and FILE: PATH: ... for values. */
void mr_config_file(struct mr_config *config, const char *file, struct mr_errors *errors);

#endif
