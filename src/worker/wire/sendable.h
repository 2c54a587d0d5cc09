/* What can be told of a record before it is sent. */
#ifndef MR_WORKER_WIRE_SENDABLE_H
#define MR_WORKER_WIRE_SENDABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/record.h"

/* False with `why` for a topic of Kafka's own: a broker refuses such a record together with its
 * whole batch or transaction. */
bool mr_sendable_to_topic(const struct mr_outgoing *record, char *why, size_t size);
/* False with `why` when the record is larger than `largest` bytes, its headers included. */
bool mr_sendable_by_size(const struct mr_outgoing *record, size_t largest, char *why, size_t size);

#endif
