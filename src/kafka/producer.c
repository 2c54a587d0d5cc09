#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/producer_state.h"
#include "kafka/refusal.h"

/* Returns true if the owner took over the record. */
static bool offer_back(struct mr_producer *producer, const rd_kafka_message_t *message,
                       enum mr_sent how)
{
    struct mr_pair *headers;
    bool unknown = how == MR_SENT_NO_TOPIC || how == MR_SENT_NO_PARTITION;
    bool innocent = mr_kafka_refuses_batch(message->err) ||
                    (how == MR_SENT_BACK && producer->unanswered == NULL);
    bool (*offer)(void *, void *, const struct mr_outgoing *, enum mr_sent, const char *) =
        unknown ? producer->events->unknown : producer->events->returned;
    if (offer == NULL || (!unknown && !innocent))
        return false;
    const struct mr_outgoing record = mr_kafka_record_of(message, &headers);
    bool taken =
        offer(producer->data, message->_private, &record, how, rd_kafka_err2str(message->err));
    free(headers);
    return taken;
}

static void on_delivery(struct mr_producer *producer, const rd_kafka_message_t *message)
{
    MR_ASSERT(producer->outstanding > 0);
    producer->outstanding--;
    producer->outstanding_bytes -= mr_record_size(message->key_len, message->len);
    enum mr_sent how = mr_kafka_sent(message->err, producer->unanswered != NULL &&
                                                       !mr_kafka_refuses_batch(message->err));
    if (how != MR_SENT && offer_back(producer, message, how))
        return;
    producer->events->delivered(producer->data, message->_private,
                                rd_kafka_topic_name(message->rkt), how,
                                how == MR_SENT ? NULL : rd_kafka_err2str(message->err));
}

static rd_kafka_headers_t *headers_of(const struct mr_outgoing *record)
{
    if (record->header_count == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        const struct mr_pair *pair = &record->headers[i];
        rd_kafka_header_add(headers, pair->name.data, (ssize_t)pair->name.length, pair->value.data,
                            (ssize_t)pair->value.length);
    }
    return headers;
}

/* Casts for librdkafka, which takes void * even if it only reads. */
static void *unconst(const char *data)
{
    union {
        const char *from;
        void *to;
    } pointer = {data};
    return pointer.to;
}

/* Opens a topic. Whether the topic is compressed is decided by its first record in this producer,
 * since librdkafka keeps the settings of a topic that it has. */
static rd_kafka_topic_t *open_topic(const struct mr_producer *producer, const char *name,
                                    bool squeezed)
{
    if (!squeezed)
        return rd_kafka_topic_new(producer->handle, name, NULL);
    char why[256];
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(producer->handle);
    rd_kafka_conf_res_t set =
        rd_kafka_topic_conf_set(conf, "compression.codec", "zstd", why, sizeof(why));
    MR_ASSERT(set == RD_KAFKA_CONF_OK);
    return rd_kafka_topic_new(producer->handle, name, conf); /* frees conf even if it fails */
}

static rd_kafka_topic_t *topic_of(struct mr_producer *producer, const struct mr_outgoing *record)
{
    if (producer->topic != NULL && strcmp(rd_kafka_topic_name(producer->topic), record->topic) == 0)
        return producer->topic;
    if (producer->topic != NULL)
        rd_kafka_topic_destroy(producer->topic);
    producer->topic = open_topic(producer, record->topic, producer->squeezes && record->single);
    return producer->topic;
}

enum mr_sent mr_producer_send(struct mr_producer *producer, const struct mr_outgoing *record,
                              void *opaque, char *why, size_t size)
{
    rd_kafka_topic_t *topic = topic_of(producer, record);
    if (topic == NULL) {
        snprintf(why, size, "%s", rd_kafka_err2str(rd_kafka_last_error()));
        return MR_SENT_DENIED;
    }
    rd_kafka_headers_t *headers = headers_of(record);
    rd_kafka_vu_t fields[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {unconst(record->key.data), record->key.length}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {unconst(record->value.data), record->value.length}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = sizeof(fields) / sizeof(fields[0]) - (headers == NULL ? 1 : 0);
    rd_kafka_error_t *error = rd_kafka_produceva(producer->handle, fields, count);
    if (error == NULL) {
        producer->outstanding++;
        producer->outstanding_bytes += mr_outgoing_size(record);
        return MR_SENT;
    }
    enum mr_sent sent = mr_kafka_sent(rd_kafka_error_code(error), producer->unanswered != NULL);
    snprintf(why, size, "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    if (headers != NULL)
        rd_kafka_headers_destroy(headers);
    return sent;
}

/* Logs the line, and finds the topic for which a transaction is refused. No other message of
 * librdkafka names the topic; other topics of the request are "not attempted". */
static void take_log(struct mr_producer *producer, int level, const char *facility,
                     const char *text)
{
    char topic[250], error[256];
    mr_kafka_log(producer->handle, level, facility, text);
    const char *found = strstr(text, "Failed to add partition \"");
    if (producer->events->forbidden == NULL || strcmp(facility, "ADDPARTS") != 0 || found == NULL)
        return;
    if (sscanf(found, "Failed to add partition \"%249[^\"]\" [%*d] to transaction: %255[^\n]",
               topic, error) == 2 &&
        mr_kafka_forbids_topic(error))
        producer->events->forbidden(producer->data, topic, error);
}

static void take_event(struct mr_producer *producer, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *message;
    const char *facility, *text;
    int level;
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        while ((message = rd_kafka_event_message_next(event)) != NULL)
            on_delivery(producer, message);
        break;
    case RD_KAFKA_EVENT_ERROR:
        producer->events->troubled(
            producer->data, rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            rd_kafka_event_error_string(event));
        break;
    case RD_KAFKA_EVENT_LOG:
        if (rd_kafka_event_log(event, &facility, &text, &level) == 0)
            take_log(producer, level, facility, text);
        break;
    default:
        break;
    }
}

static bool poll_for(struct mr_producer *producer, int timeout)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(producer->queue, timeout);
    if (event == NULL)
        return false;
    take_event(producer, event);
    rd_kafka_event_destroy(event);
    return true;
}

void mr_producer_flush(const struct mr_producer *producer, int timeout)
{
    rd_kafka_flush(producer->handle, timeout);
}

void mr_producer_poll(struct mr_producer *producer)
{
    while (poll_for(producer, 0))
        continue;
}

size_t mr_producer_outstanding(const struct mr_producer *producer)
{
    return producer->outstanding;
}

size_t mr_producer_outstanding_bytes(const struct mr_producer *producer)
{
    return producer->outstanding_bytes;
}

struct mr_unanswered *mr_producer_unanswered(const struct mr_producer *producer)
{
    return producer->unanswered;
}

const rd_kafka_conf_t *mr_producer_reader_conf(const struct mr_producer *producer)
{
    return producer->reader;
}

rd_kafka_t *mr_producer_handle(const struct mr_producer *producer)
{
    return producer->handle;
}

bool mr_producer_failed(const struct mr_producer *producer, char *why, size_t size)
{
    return mr_kafka_failed(producer->handle, why, size);
}

void mr_producer_drop(struct mr_producer *producer)
{
    rd_kafka_purge(producer->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    while (producer->outstanding > 0)
        poll_for(producer, 100);
}
