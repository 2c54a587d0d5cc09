#include "kafka/message.h"

#include "kafka/view.h"

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
    return mr_kafka_headers(message->handle, headers, most);
}

void mr_message_free(struct mr_message *message)
{
    if (message->handle != NULL)
        rd_kafka_message_destroy(message->handle);
    message->handle = NULL;
}
