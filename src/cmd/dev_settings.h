/* The settings for clients of the embedded broker of `moonroute dev`. */
#ifndef MR_CMD_DEV_SETTINGS_H
#define MR_CMD_DEV_SETTINGS_H

#include "base/errors.h"
#include "config/config.h"

/* Sets kafka.brokers and the settings that the embedded broker needs, unless they are set
 * already. */
void mr_dev_settings(struct mr_config *config, const char *brokers, struct mr_errors *errors);

#endif
