/* Clients that are being ended. Destroying one joins librdkafka's threads, and may never return: a
 * client that had a partition of a topic that was deleted keeps its broker's thread for ever
 * (librdkafka's issues 3007 and 3470; seen in 2.0.2). So each is destroyed by a thread of its own,
 * neither by the loop nor by a thread of libuv's pool, which others need. One that hangs stays so
 * until the process ends. To be called by the loop's thread alone. */
#ifndef MR_KAFKA_ENDINGS_H
#define MR_KAFKA_ENDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rd_kafka_s;

/* Destroys the client in the background, then frees `owned` (malloc's; NULL is fine), which the
 * client's threads may use until then. Nothing else may be left that uses the client. */
void mr_endings_add(struct rd_kafka_s *handle, void *owned);
/* Returns how many are not over, and logs those that hang, each once; call it now and then. */
size_t mr_endings_pending(void);
/* Waits until all are over, `ms` at most. Returns true when they are. */
bool mr_endings_await(uint64_t ms);

#endif
