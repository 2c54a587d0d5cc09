/* Shared by run and dev: checks the configuration, opens the log, runs the master. */
#ifndef MR_CMD_SERVE_H
#define MR_CMD_SERVE_H

#include "cmd/settings.h"
#include "master/master.h"

/* Completes the options (version, files to watch) and runs the master with them. Returns an enum
 * mr_exit. If the configuration is bad, prints its errors on standard error and returns 78. */
int mr_serve(const struct mr_settings *settings, struct mr_master_options *options);

#endif
