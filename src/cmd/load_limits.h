/* Limits how long scripts may load in a command. In a worker, the master does that. */
#ifndef MR_CMD_LOAD_LIMITS_H
#define MR_CMD_LOAD_LIMITS_H

#include "config/config.h"
#include "lua/vm.h"

/* Gives loads in the VM the budgets that they have in a worker. A load that passes them is an error
 * of its script. If a C function keeps it from ending, the process ends with code 65 and says so.
 * Only one VM per process. */
void mr_load_limits_set(struct mr_vm *vm, const struct mr_config *config);

#endif
