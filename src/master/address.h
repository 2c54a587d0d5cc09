/* The admin listener's address: "127.0.0.1:8080", "[::1]:8080", "localhost:8080". */
#ifndef MR_MASTER_ADDRESS_H
#define MR_MASTER_ADDRESS_H

#include <sys/socket.h>

#include "base/errors.h"

struct mr_address {
    struct sockaddr_storage socket;
    socklen_t length;
};

enum { MR_ADDRESS_TEXT = 64 };

/* Parses ADDRESS:PORT. Returns 0, or -EINVAL after adding an error that begins with `key`. */
int mr_address_parse(struct mr_address *address, const char *key, const char *text,
                     struct mr_errors *errors);
/* Writes HOST:PORT. */
void mr_address_text(const struct mr_address *address, char text[MR_ADDRESS_TEXT]);
/* Turns the "any" address into loopback, so that a client can connect to the listener. */
void mr_address_reachable(struct mr_address *address);
int mr_address_port(const struct mr_address *address);

#endif
