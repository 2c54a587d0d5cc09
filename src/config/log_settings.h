/* Opens the log by the settings log.file, log.format and log.level. */
#ifndef MR_CONFIG_LOG_SETTINGS_H
#define MR_CONFIG_LOG_SETTINGS_H

#include "config/config.h"

/* Opens the log of the process `who`. Returns 0; or -errno if log.file cannot be opened, and leaves
 * the log as it was. */
int mr_log_settings(const struct mr_config *config, const char *who);

#endif
