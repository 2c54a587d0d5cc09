/* Reads the configuration file in a process of its own, so that no file can stop the master. */
#ifndef MR_LUA_CONFIG_PROCESS_H
#define MR_LUA_CONFIG_PROCESS_H

#include "base/errors.h"
#include "config/config.h"

enum { MR_CONFIG_READ_TIME = 5000 }; /* ms */

/* Does what mr_config_file does (lua/config_file.h). A file that does not come to an end in that
 * time is an error. The caller waits meanwhile. */
void mr_config_process_file(struct mr_config *config, const char *file, struct mr_errors *errors);

#endif
