#include "worker/wire/sendable.h"

#include <stdio.h>

#include "base/topic.h"

bool mr_sendable_to_topic(const struct mr_outgoing *record, char *why, size_t size)
{
    if (!mr_topic_by_name_only(record->topic) || !mr_topic_internal(mr_bytes_of(record->topic)))
        return true;
    snprintf(why, size, "the topic is one of Kafka's own, to which only brokers write");
    return false;
}

bool mr_sendable_by_size(const struct mr_outgoing *record, size_t largest, char *why, size_t size)
{
    size_t bytes = mr_outgoing_bytes(record);
    if (bytes > largest)
        snprintf(why, size,
                 "a record of %zu bytes, with its headers, is larger than %zu"
                 " (message.max.bytes)",
                 bytes, largest);
    return bytes <= largest;
}
