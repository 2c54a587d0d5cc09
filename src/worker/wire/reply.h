/* Composes replies in each dialect. Pure: bytes in, bytes out. */
#ifndef MR_WORKER_WIRE_REPLY_H
#define MR_WORKER_WIRE_REPLY_H

#include "base/buf.h"
#include "worker/wire/dialect.h"

/* The answer to send. An error has status, message and name. A success has value, JSON or raw
 * bytes, or NULL data for router.null. */
struct mr_answer {
    bool is_error;
    bool raw; /* the value is sent as it is, without an envelope */
    struct mr_bytes value;
    int status;
    struct mr_bytes message, name;
    const struct mr_pair *headers; /* the handler's own, after those of the dialect */
    size_t header_count;
};

/* A composed reply. The record borrows from this struct, from the request, the key and the
 * answer. */
struct mr_reply {
    struct mr_outgoing record;
    struct mr_buf value; /* in nestjs also the value of an error's header */
    struct mr_pair *headers;
    size_t header_capacity;
    char topic[256];
    char message_id[37];
    char timestamp[24];
    char status[24];
};

/* Composes a reply into `reply`, which is {0} or was used before. `key` is the request's, and `now`
 * is the wall clock in ms. */
void mr_compose(struct mr_reply *reply, const struct mr_request *request, struct mr_bytes key,
                const struct mr_answer *answer, int64_t now);
void mr_reply_free(struct mr_reply *reply);

#endif
