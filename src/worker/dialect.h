/* Dialects: how a request is recognised by its headers, and what a reply to it looks like. Pure:
 * bytes in, bytes out. A dialect is a row of the table in dialect.c. */
#ifndef MR_WORKER_DIALECT_H
#define MR_WORKER_DIALECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/record.h"

enum mr_dialect { MR_DIALECT_AUTO, MR_DIALECT_KAFKA_CLIENT, MR_DIALECT_PLAIN };

/* What the headers say; everything borrowed from them. */
struct mr_request {
    bool is_request; /* else an event, and the rest is not set */
    enum mr_dialect dialect;
    struct mr_bytes correlation_id; /* any bytes */
    struct mr_bytes reply_to;
    int64_t sent_at; /* ms, from `timestamp`; 0 where it has none */
    int64_t timeout; /* ms, from `timeout`; 0 where it has none */
};

/* "kafka-client", "plain"; anything else is AUTO: the message's headers decide. */
enum mr_dialect mr_dialect_of(const char *name);

/* `forced` is that of the route, AUTO where it forces none. */
struct mr_request mr_dialect_recognise(enum mr_dialect forced, const struct mr_pair *headers,
                                       size_t count);

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
enum { MR_REPLY_OWN_HEADERS = 5 };
struct mr_reply {
    struct mr_outgoing record;
    struct mr_buf value;
    struct mr_pair *headers;
    size_t header_capacity;
    char topic[256];
    char message_id[37];
    char timestamp[24];
    char status[24];
};

/* Composes into `reply`, which is {0} or was used before; `key` is the request's, `now` wall ms. */
void mr_dialect_compose(struct mr_reply *reply, const struct mr_request *request,
                        struct mr_bytes key, const struct mr_answer *answer, int64_t now);
void mr_reply_free(struct mr_reply *reply);

/* The headers of a request that we send: correlation-id, reply-to, message-type, timestamp,
 * timeout, in this order. */
enum { MR_ASK_HEADERS = 5 };
struct mr_ask_headers {
    struct mr_pair pairs[MR_ASK_HEADERS];
    char timestamp[24];
    char timeout[24];
};
void mr_dialect_ask(struct mr_ask_headers *headers, struct mr_bytes correlation_id,
                    const char *reply_to, int64_t now, int64_t timeout);

/* Appends to the `own` headers at the front of `headers`, which has room, those of `extra` whose
 * names none of them has: what a script adds, or hands on from another message, never replaces what
 * the dialect says. Returns how many there are then. */
size_t mr_headers_append(struct mr_pair *headers, size_t own, const struct mr_pair *extra,
                         size_t count);

/* A header by its name without regard to case: the last one of that name. False where there is none
 * or its value is null. */
bool mr_header_find(const struct mr_pair *headers, size_t count, struct mr_bytes name,
                    struct mr_bytes *value);

#endif
