/* Clients that are being destroyed. Destroying a client joins librdkafka's threads, and may never
 * return. If a client had a partition of a topic that was deleted, its broker's thread never ends
 * (librdkafka's issues 3007 and 3470; seen in 2.0.2). So each client is destroyed in a thread of
 * its own, not in the loop and not in libuv's pool, which others need. A client that hangs does so
 * until the process ends. Call these functions only from the loop's thread. */
#ifndef MR_KAFKA_ENDINGS_H
#define MR_KAFKA_ENDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd_kafka_s;

/* Destroys the client in the background, then frees `owned` (from malloc, or NULL), which the
 * client's threads may use until then. Nothing else may use the client any more. */
void mr_endings_add(struct rd_kafka_s *handle, void *owned);
/* Returns how many clients are not destroyed yet. Logs each client that hangs, once; call it now
 * and then. */
size_t mr_endings_pending(void);
/* Waits at most `ms` until all clients are destroyed. Returns true if they are. */
bool mr_endings_await(uint64_t ms);

#endif
