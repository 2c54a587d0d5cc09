/* The log as the configuration wants it: log.file, log.format, log.level. */
#ifndef MR_CONFIG_LOG_SETTINGS_H
#define MR_CONFIG_LOG_SETTINGS_H

#include "config/config.h"

/* Opens the log of the process called `who`. Returns 0, or -errno where log.file cannot be opened
 * (the log stays where it was). */
int mr_log_settings(const struct mr_config *config, const char *who);

#endif
