/* What run and dev do alike: check the configuration, open the log, run the master. */
#ifndef MR_CMD_SERVE_H
#define MR_CMD_SERVE_H

#include "cmd/settings.h"
#include "master/master.h"

/* Completes the options (version, files to watch) and runs the master with them; returns an enum
 * mr_exit. A configuration that is bad ends with 78, its errors on standard error. */
int mr_serve(const struct mr_settings *settings, struct mr_master_options *options);

#endif
