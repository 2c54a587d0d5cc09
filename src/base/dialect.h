/* Dialects: how other programs write requests and replies. Each dialect is one row in this file.
 * The code that recognises (worker/wire/dialect.c), answers (reply.c) and asks (request.c) reads
 * the rows. So do the configuration's choices, the options in scripts, and `moonroute request`.
 *
 * kafka-client: envelopes {"success":...}. plain: the bare value. nestjs: NestJS's Kafka transport.
 * spring: Spring Kafka's ReplyingKafkaTemplate. */
#ifndef MR_BASE_DIALECT_H
#define MR_BASE_DIALECT_H

#include <stdbool.h>

#include "base/bytes.h"

enum { MR_REPLY_OWN_HEADERS = 5 };

enum mr_reply_header {
    MR_REPLY_END,
    MR_REPLY_MESSAGE_ID,
    MR_REPLY_MESSAGE_TYPE,
    MR_REPLY_TIMESTAMP,
    MR_REPLY_CORRELATION_ID,
    MR_REPLY_NEST_IS_DISPOSED,
    MR_REPLY_ERROR, /* only error replies have it, under the name in `error_header` */
};

enum mr_reply_key { MR_REPLY_KEY_OF_REQUEST, MR_REPLY_KEY_MESSAGE_ID, MR_REPLY_KEY_NONE };

/* How a reply shows that it is an error. */
enum mr_error_told { MR_ERROR_BY_TYPE, MR_ERROR_BY_HEADER, MR_ERROR_BY_STATUS };

/* A message's dialect is the first row that fits its headers. The message must have the row's two
 * headers and, if that is set, the row's `request_type`. If the row says so, it must also have a
 * reply partition in text. */
struct mr_dialect_row {
    const char *name;
    const char *success_type, *error_type;    /* message-type of a reply */
    struct mr_bytes correlation_id, reply_to; /* names of headers */
    struct mr_bytes reply_partition;          /* likewise; none: the dialect has no such header */
    struct mr_bytes request_type; /* message-type of a request; none: the dialect has none */
    struct mr_bytes error_header; /* holds the error, the value is null; none: the value holds it */
    enum mr_error_told error_told;
    enum mr_reply_key key;
    enum mr_reply_header headers[MR_REPLY_OWN_HEADERS]; /* of a reply, in this order */
    bool partition_in_text; /* the reply partition is decimal; else 4 bytes, big-endian */
    bool key_is_id;         /* our requests without a key get their correlation id as key */
    bool bare;              /* a string is sent without quotes, and null as a null value */
    bool enveloped;         /* {"success":...} around the value of a reply */
    bool null_is_null;      /* an empty reply has a null value instead of the text "null" */
};

/* clang-format off */
#define MR_DIALECT_NAME(text) {text, sizeof(text) - 1}
#define MR_DIALECT_ROWS(FIRST, ROW)                                                                \
    FIRST(KAFKA_CLIENT, "kafka-client",                                                            \
        .correlation_id = MR_DIALECT_NAME("correlation-id"),                                       \
        .reply_to = MR_DIALECT_NAME("reply-to"),                                                   \
        .request_type = MR_DIALECT_NAME("request-reply"), .key_is_id = true, .enveloped = true,                     \
        .success_type = "request-reply", .error_type = "request-reply",                            \
        .key = MR_REPLY_KEY_MESSAGE_ID,                                                            \
        .headers = {MR_REPLY_MESSAGE_ID, MR_REPLY_MESSAGE_TYPE, MR_REPLY_TIMESTAMP,                \
                    MR_REPLY_CORRELATION_ID})                                                      \
    ROW(PLAIN, "plain",                                                                            \
        .correlation_id = MR_DIALECT_NAME("correlation-id"),                                       \
        .reply_to = MR_DIALECT_NAME("reply-to"),                                                   \
        .key_is_id = true, .success_type = "response", .error_type = "error",                      \
        .headers = {MR_REPLY_CORRELATION_ID, MR_REPLY_MESSAGE_TYPE, MR_REPLY_TIMESTAMP})           \
    ROW(NESTJS, "nestjs",                                                                          \
        .correlation_id = MR_DIALECT_NAME("kafka_correlationId"),                                  \
        .reply_to = MR_DIALECT_NAME("kafka_replyTopic"),                                           \
        .reply_partition = MR_DIALECT_NAME("kafka_replyPartition"), .partition_in_text = true,     \
        .bare = true, .null_is_null = true, .error_told = MR_ERROR_BY_HEADER,                      \
        .error_header = MR_DIALECT_NAME("kafka_nest-err"), .key = MR_REPLY_KEY_NONE,               \
        .headers = {MR_REPLY_CORRELATION_ID, MR_REPLY_NEST_IS_DISPOSED, MR_REPLY_ERROR})           \
    ROW(SPRING, "spring",                                                                          \
        .correlation_id = MR_DIALECT_NAME("kafka_correlationId"),                                  \
        .reply_to = MR_DIALECT_NAME("kafka_replyTopic"),                                           \
        .reply_partition = MR_DIALECT_NAME("kafka_replyPartition"), .null_is_null = true,          \
        .error_told = MR_ERROR_BY_STATUS, .headers = {MR_REPLY_CORRELATION_ID})
/* clang-format on */

#define MR_DIALECT_ID(id, ...) MR_DIALECT_##id,
enum mr_dialect {
    MR_DIALECT_AUTO, /* the message's headers decide */
    MR_DIALECT_ROWS(MR_DIALECT_ID, MR_DIALECT_ID) MR_DIALECTS
};

/* The names in lists: "kafka-client, plain, ..." and "auto|kafka-client|plain|...". */
#define MR_DIALECT_FIRST(id, name, ...)  name
#define MR_DIALECT_COMMA(id, name, ...)  ", " name
#define MR_DIALECT_CHOICE(id, name, ...) "|" name
#define MR_DIALECT_NAMES                 MR_DIALECT_ROWS(MR_DIALECT_FIRST, MR_DIALECT_COMMA)
#define MR_DIALECT_CHOICES               "auto" MR_DIALECT_ROWS(MR_DIALECT_CHOICE, MR_DIALECT_CHOICE)

extern const struct mr_dialect_row mr_dialect_rows[MR_DIALECTS]; /* the row of AUTO is empty */

/* Returns the dialect of that name; AUTO if there is none. */
enum mr_dialect mr_dialect_of(const char *name);

#endif
