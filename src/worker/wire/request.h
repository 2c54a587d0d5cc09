/* How we ask: the headers of a request of ours, and what the answer's say of it. Pure: bytes in,
 * bytes out. */
#ifndef MR_WORKER_WIRE_REQUEST_H
#define MR_WORKER_WIRE_REQUEST_H

#include "base/idmap.h"
#include "worker/wire/dialect.h"

/* What a request of ours says of itself. */
struct mr_ask_terms {
    enum mr_dialect dialect; /* not AUTO */
    struct mr_bytes correlation_id;
    const char *reply_to;
    int32_t reply_partition; /* nestjs and spring name it; nestjs answers nobody without */
    int64_t now;             /* wall ms */
    int64_t timeout;         /* ms */
};

/* Borrowed from the terms and from itself. */
enum { MR_ASK_HEADERS = 5 };
struct mr_ask_headers {
    struct mr_pair pairs[MR_ASK_HEADERS];
    size_t count;
    char timestamp[24];
    char timeout[24];
    char partition[24];
};
void mr_ask_compose(struct mr_ask_headers *headers, const struct mr_ask_terms *terms);

/* The key of a request that is given none: its correlation id, or none at all. */
struct mr_bytes mr_ask_key(const struct mr_ask_terms *terms);

/* Makes a request of the record: the headers above, then its own where they are none of those, all
 * in `headers`, which has room for MR_ASK_HEADERS more than it has; and the key, where it has none.
 * It borrows from `own` and from the terms. */
void mr_ask_address(struct mr_outgoing *record, struct mr_pair *headers, struct mr_ask_headers *own,
                    const struct mr_ask_terms *terms);

/* What is kept in `open` under the correlation id of a reply with these headers, whatever its
 * dialect; NULL: it is somebody else's. */
void *mr_ask_find(const struct mr_idmap *open, const struct mr_pair *headers, size_t count);

/* How a reply to a request in that dialect is to be read. */
struct mr_heard {
    bool is_reply;         /* else it is not meant as one */
    bool is_error;         /* the value tells which */
    bool enveloped;        /* an object with success may be the envelope of kafka-client */
    bool bare;             /* what does not begin with { or [ is a string */
    struct mr_bytes value; /* the record's, or that of a header */
};
struct mr_heard mr_ask_heard(enum mr_dialect dialect, struct mr_bytes value,
                             const struct mr_pair *headers, size_t count);

#endif
