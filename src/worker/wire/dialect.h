/* Recognises requests by a message's headers, with the rows of base/dialect.h. Pure: bytes in,
 * bytes out. */
#ifndef MR_WORKER_WIRE_DIALECT_H
#define MR_WORKER_WIRE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/dialect.h"
#include "base/record.h"

/* A request as its headers describe it. Everything is borrowed from them. */
struct mr_request {
    bool is_request; /* else an event, and the rest is not set */
    enum mr_dialect dialect;
    struct mr_bytes correlation_id; /* any bytes */
    struct mr_bytes reply_to;
    int32_t reply_partition;  /* MR_PARTITION_ANY if none is named */
    bool bad_reply_partition; /* the header names something that is no partition */
    int64_t sent_at;          /* ms, from `timestamp`; 0 if missing */
    int64_t timeout;          /* ms, from `timeout`; -1 if missing */
};

/* Reads the headers of a message. If the message is a request, its dialect is `forced` (the
 * route's) unless this is AUTO. */
struct mr_request mr_dialect_recognise(enum mr_dialect forced, const struct mr_pair *headers,
                                       size_t count);

#endif
