/* Dialects: by which headers a request is recognised. How one is answered is compose.h's, how we
 * ask in one ask.h's. Pure: bytes in, bytes out.
 *
 * Two families of names: correlation-id and reply-to, which win where both are there (kafka-client,
 * plain); kafka_correlationId, kafka_replyTopic and kafka_replyPartition (nestjs, where the
 * partition is decimal text, else spring, which writes it as 4 bytes, big-endian, or leaves it
 * out). */
#ifndef MR_WORKER_WIRE_DIALECT_H
#define MR_WORKER_WIRE_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/record.h"

enum mr_dialect {
    MR_DIALECT_AUTO,
    MR_DIALECT_KAFKA_CLIENT,
    MR_DIALECT_PLAIN,
    MR_DIALECT_NESTJS,
    MR_DIALECT_SPRING,
    MR_DIALECTS,
};

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

/* "kafka-client", "plain", "nestjs", "spring"; anything else is AUTO: the message's headers decide.
 */
enum mr_dialect mr_dialect_of(const char *name);

/* `forced` is that of the route, AUTO where it forces none. */
struct mr_request mr_dialect_recognise(enum mr_dialect forced, const struct mr_pair *headers,
                                       size_t count);

#endif
