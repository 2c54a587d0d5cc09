/* A reload changes what can be changed in a running router; the rest stays as it is until the next
 * start. */
#ifndef MR_CONFIG_RESTART_KEYS_H
#define MR_CONFIG_RESTART_KEYS_H

#include "config/config.h"

/* Gives every key marked as needing a restart the value it has in `running`, set or not. */
void mr_config_keep(struct mr_config *config, const struct mr_config *running);

#endif
