/* A listening socket on an address that the configuration names. */
#ifndef MR_MASTER_LISTEN_H
#define MR_MASTER_LISTEN_H

#include "base/errors.h"
#include "master/address.h"

/* Returns the socket, the caller's to close, and sets *address to where it listens (the real port
 * where 0 was asked for); or -1 with an error that begins with `key` and says what to do. */
int mr_listen(struct mr_address *address, const char *key, struct mr_errors *errors);

#endif
