/* Opens a listening socket on an address that the configuration names. */
#ifndef MR_MASTER_LISTEN_H
#define MR_MASTER_LISTEN_H

#include "base/errors.h"
#include "master/address.h"

/* Returns the socket, which the caller closes, and sets *address to its real address: the system
 * chooses the port if it was 0. If that fails, returns -1 and adds an error that begins with `key`
 * and says what to do. */
int mr_listen(struct mr_address *address, const char *key, struct mr_errors *errors);

#endif
