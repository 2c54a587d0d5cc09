/* The addresses that the cluster advertises, as the clients of this process learn them, and whether
 * a client is connected to them. A broker that is reached for the first answer may advertise an
 * address that cannot be reached from here. Then nothing else names that address. */
#ifndef MR_KAFKA_ADDRESSES_H
#define MR_KAFKA_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Notes whether a client is connected to a broker of the cluster. Any thread may call it. */
void mr_addresses_note(int32_t broker, const char *host, int port, bool connected);
/* Writes the addresses to which no client is connected, with commas between them; "" if there is
 * none. An IPv6 address has brackets. */
void mr_addresses_unreached(char *text, size_t size);

#endif
