/* A consumed message: librdkafka's message, seen through borrowed bytes. Nothing is copied unless
 * the message must stay for long. */
#ifndef MR_KAFKA_MESSAGE_H
#define MR_KAFKA_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct mr_message {
    void *handle;       /* librdkafka's message; released by mr_message_free */
    struct mr_own *own; /* a copy, in place of the handle */
    const void *source; /* the same for all messages of one topic from one consumer */
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp;   /* ms; -1 if the record has none */
    bool broker_s_clock; /* the timestamp is the time at which the broker appended the record */
    struct mr_bytes key, value;
};

/* Writes up to `most` headers in their order, borrowed from the message. Returns how many the
 * message has, which may be more. A message without a handle and a copy has none. */
size_t mr_message_headers(const struct mr_message *message, struct mr_pair *headers, size_t most);
/* Replaces librdkafka's message by a copy, at other addresses. librdkafka's message keeps the whole
 * response that contained it in memory. */
void mr_message_own(struct mr_message *message);
void mr_message_free(struct mr_message *message);

#endif
