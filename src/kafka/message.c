#include "kafka/message.h"

#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "kafka/view.h"

/* An owned message: the headers, followed by all bytes. */
struct mr_own {
    size_t count;
    struct mr_pair headers[];
};

void mr_message_view(struct mr_message *message, rd_kafka_message_t *from)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(from, &type);
    *message = (struct mr_message){
        .handle = from,
        .source = from->rkt,
        .topic = rd_kafka_topic_name(from->rkt),
        .partition = from->partition,
        .offset = from->offset,
        .timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp,
        .broker_s_clock = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
        .key = {from->key, from->key_len},
        .value = {from->payload, from->len},
    };
}

size_t mr_kafka_headers(const rd_kafka_message_t *message, struct mr_pair *headers, size_t most)
{
    rd_kafka_headers_t *list;
    if (rd_kafka_message_headers(message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    size_t count = rd_kafka_header_cnt(list);
    for (size_t i = 0; i < count && i < most; i++) {
        const char *name;
        const void *value;
        size_t length;
        rd_kafka_header_get_all(list, i, &name, &value, &length);
        headers[i].name = mr_bytes_of(name);
        headers[i].value = (struct mr_bytes){value, value == NULL ? 0 : length};
    }
    return count;
}

size_t mr_message_headers(const struct mr_message *message, struct mr_pair *headers, size_t most)
{
    if (message->own == NULL && message->handle == NULL)
        return 0;
    if (message->own == NULL)
        return mr_kafka_headers(message->handle, headers, most);
    size_t count = message->own->count;
    for (size_t i = 0; i < count && i < most; i++)
        headers[i] = message->own->headers[i];
    return count;
}

static struct mr_bytes copy(char **to, struct mr_bytes from)
{
    struct mr_bytes copied = {*to, from.length};
    if (from.data == NULL)
        return from;
    if (from.length > 0)
        memcpy(*to, from.data, from.length);
    (*to)[from.length] = '\0';
    *to += from.length + 1;
    return copied;
}

static size_t room_for(const struct mr_message *message, const struct mr_pair *headers,
                       size_t count)
{
    size_t size = message->key.length + message->value.length + strlen(message->topic) + 3;
    for (size_t i = 0; i < count; i++)
        size += headers[i].name.length + headers[i].value.length + 2;
    return size;
}

void mr_message_own(struct mr_message *message)
{
    size_t count = mr_message_headers(message, NULL, 0);
    struct mr_pair *headers = mr_alloc((count + 1) * sizeof(headers[0]));
    mr_message_headers(message, headers, count);
    struct mr_own *own =
        mr_alloc(sizeof(*own) + count * sizeof(headers[0]) + room_for(message, headers, count));
    char *to = (char *)&own->headers[count];
    own->count = count;
    for (size_t i = 0; i < count; i++)
        own->headers[i] = (struct mr_pair){copy(&to, headers[i].name), copy(&to, headers[i].value)};
    struct mr_message owned = *message;
    owned.handle = NULL;
    owned.own = own;
    owned.key = copy(&to, message->key);
    owned.value = copy(&to, message->value);
    owned.topic = copy(&to, mr_bytes_of(message->topic)).data;
    mr_message_free(message);
    free(headers);
    *message = owned;
}

void mr_message_free(struct mr_message *message)
{
    free(message->own);
    message->own = NULL;
    if (message->handle != NULL)
        rd_kafka_message_destroy(message->handle);
    message->handle = NULL;
}
