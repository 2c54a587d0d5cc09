/* The broker that a command talks to: that of the configuration, else that of a `moonroute dev`
 * that runs. */
#ifndef MR_CMD_BROKER_H
#define MR_CMD_BROKER_H

#include "cmd/settings.h"

/* Reads the configuration. Never returns NULL, but do not use the result if errors were added. The
 * caller frees it. */
struct mr_config *mr_broker_config(struct mr_settings *settings, struct mr_errors *errors);
/* Prints the errors, which may stem from values of the configuration, without its secrets. Frees
 * them. */
void mr_broker_print(const struct mr_config *config, struct mr_errors *errors);
/* Prints that no broker answers within kafka.connection_timeout. Returns MR_EXIT_UNAVAILABLE. */
int mr_broker_silent(const struct mr_command *command, const struct mr_config *config);

#endif
