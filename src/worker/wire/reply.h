/* What a reply looks like in each dialect. Pure: bytes in, bytes out. */
#ifndef MR_WORKER_WIRE_REPLY_H
#define MR_WORKER_WIRE_REPLY_H

#include "base/buf.h"
#include "worker/wire/dialect.h"

/* What is to be answered. An error has status, message and name; a success has value, JSON or raw
 * bytes, or NULL data for router.null. */
struct mr_answer {
    bool is_error;
    bool raw; /* the value goes as it is, without an envelope */
    struct mr_bytes value;
    int status;
    struct mr_bytes message, name;
    const struct mr_pair *headers; /* the handler's own, after those of the dialect */
    size_t header_count;
};

/* A reply composed: the record borrows from itself, from the request, the key and the answer. */
struct mr_reply {
    struct mr_outgoing record;
    struct mr_buf value; /* in nestjs also an error's header */
    struct mr_pair *headers;
    size_t header_capacity;
    char topic[256];
    char message_id[37];
    char timestamp[24];
    char status[24];
};

/* Composes into `reply`, which is {0} or was used before; `key` is the request's, `now` wall ms. */
void mr_compose(struct mr_reply *reply, const struct mr_request *request, struct mr_bytes key,
                const struct mr_answer *answer, int64_t now);
void mr_reply_free(struct mr_reply *reply);

#endif
