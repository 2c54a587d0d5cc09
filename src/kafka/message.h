/* A consumed message: librdkafka's own, seen through borrowed bytes; nothing is copied,
 * unless it is to stay for long. */
#ifndef MR_KAFKA_MESSAGE_H
#define MR_KAFKA_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct mr_message {
    void *handle;       /* librdkafka's; released by mr_message_free */
    struct mr_own *own; /* instead of that: a copy */
    const void *source; /* the same for all messages of one topic from one consumer */
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp;   /* ms; -1 where the record has none */
    bool broker_s_clock; /* the timestamp is when the broker appended it */
    struct mr_bytes key, value;
};

/* Writes up to `most` headers in the order they came; returns how many there are (which may be
 * more). They are borrowed from the message. */
size_t mr_message_headers(const struct mr_message *message, struct mr_pair *headers, size_t most);
/* A message of librdkafka keeps the whole answer that it came in. Makes it a copy of its own, at
 * other addresses. */
void mr_message_own(struct mr_message *message);
void mr_message_free(struct mr_message *message);

#endif
