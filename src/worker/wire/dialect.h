/* Requests: what a message's headers say of it, by the rows of base/dialect.h. Pure: bytes in,
 * bytes out. */
#ifndef MR_WORKER_WIRE_DIALECT_H
#define MR_WORKER_WIRE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/dialect.h"
#include "base/record.h"

/* What the headers say; everything borrowed from them. */
struct mr_request {
    bool is_request; /* else an event, and the rest is not set */
    enum mr_dialect dialect;
    struct mr_bytes correlation_id; /* any bytes */
    struct mr_bytes reply_to;
    int32_t reply_partition;  /* MR_PARTITION_ANY where it names none */
    bool bad_reply_partition; /* it names something that is no partition */
    int64_t sent_at;          /* ms, from `timestamp`; 0 where it has none */
    int64_t timeout;          /* ms, from `timeout`; 0 where it has none */
};

/* `forced` is that of the route, AUTO where it forces none. */
struct mr_request mr_dialect_recognise(enum mr_dialect forced, const struct mr_pair *headers,
                                       size_t count);

#endif
