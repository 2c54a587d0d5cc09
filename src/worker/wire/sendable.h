/* Checks records before they are sent. */
#ifndef MR_WORKER_WIRE_SENDABLE_H
#define MR_WORKER_WIRE_SENDABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/record.h"

/* Returns false with `why` if the topic is Kafka's own. A broker refuses such a record together
 * with its whole batch or transaction. */
bool mr_sendable_to_topic(const struct mr_outgoing *record, char *why, size_t size);
/* Returns false with `why` if the record is larger than `largest` bytes, headers included. */
bool mr_sendable_by_size(const struct mr_outgoing *record, size_t largest, char *why, size_t size);

#endif
