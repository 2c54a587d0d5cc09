/* Writes the headers of our own requests, and reads the headers of their answers. Pure: bytes in,
 * bytes out. */
#ifndef MR_WORKER_WIRE_REQUEST_H
#define MR_WORKER_WIRE_REQUEST_H

#include "base/idmap.h"
#include "worker/wire/dialect.h"

/* The data for the headers of a request of ours. */
struct mr_ask_terms {
    enum mr_dialect dialect; /* not AUTO */
    struct mr_bytes correlation_id;
    const char *reply_to;
    int32_t reply_partition; /* sent in nestjs and spring; nestjs answers nobody without it */
    int64_t now;             /* wall ms */
    int64_t timeout;         /* ms */
};

/* The headers of a request, borrowed from the terms and from this struct. */
enum { MR_ASK_HEADERS = 5 };
struct mr_ask_headers {
    struct mr_pair pairs[MR_ASK_HEADERS];
    size_t count;
    char timestamp[24];
    char timeout[24];
    char partition[24];
};
void mr_ask_compose(struct mr_ask_headers *headers, const struct mr_ask_terms *terms);

/* Returns the key for a request that has none: its correlation id, or no key at all, as the dialect
 * wants. */
struct mr_bytes mr_ask_key(const struct mr_ask_terms *terms);

/* Makes a request of the record. Writes the headers above to `headers`, then the record's own,
 * except those with the same names. `headers` must have room for MR_ASK_HEADERS more than the
 * record has. Sets the key if the record has none. The record then borrows from `headers`, `own`
 * and the terms. */
void mr_ask_address(struct mr_outgoing *record, struct mr_pair *headers, struct mr_ask_headers *own,
                    const struct mr_ask_terms *terms);

/* Returns the entry of `open` under the correlation id of a reply with these headers, in any
 * dialect. Returns NULL if the reply is not for us. */
void *mr_ask_find(const struct mr_idmap *open, const struct mr_pair *headers, size_t count);

/* How to read a reply to a request in that dialect. */
struct mr_heard {
    bool is_reply;         /* false: the record is not meant as a reply */
    bool is_error;         /* the value says which error */
    bool enveloped;        /* an object with a member `success` may be the envelope of
                            * kafka-client */
    bool bare;             /* a value that does not begin with { or [ is a string */
    struct mr_bytes value; /* the record's value, or a header's */
};
struct mr_heard mr_ask_heard(enum mr_dialect dialect, struct mr_bytes value,
                             const struct mr_pair *headers, size_t count);

#endif
