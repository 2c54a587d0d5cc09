/* The settings for clients of the embedded broker of `moonroute dev`. */
#ifndef MR_CMD_DEV_SETTINGS_H
#define MR_CMD_DEV_SETTINGS_H

#include "base/errors.h"
#include "config/config.h"

/* Sets kafka.brokers and fetch.wait.max.ms, unless they are set already. Unsets the login, TLS and
 * static membership, which are meant for another broker. */
void mr_dev_settings(struct mr_config *config, const char *brokers, struct mr_errors *errors);

#endif
