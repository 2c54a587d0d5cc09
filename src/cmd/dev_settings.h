/* How clients of the embedded broker of `moonroute dev` are set. */
#ifndef MR_CMD_DEV_SETTINGS_H
#define MR_CMD_DEV_SETTINGS_H

#include "base/errors.h"
#include "config/config.h"

/* Sets kafka.brokers, and what the embedded broker needs, where they are not set. */
void mr_dev_settings(struct mr_config *config, const char *brokers, struct mr_errors *errors);

#endif
