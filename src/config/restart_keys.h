/* A reload changes only keys that a running router can change. All other keys keep their values
 * until a restart. */
#ifndef MR_CONFIG_RESTART_KEYS_H
#define MR_CONFIG_RESTART_KEYS_H

#include "config/config.h"

/* Gives every key that needs a restart its value in `running`; if the key is unset there, unsets
 * it. */
void mr_config_keep(struct mr_config *config, const struct mr_config *running);

#endif
