#include "kafka/producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/panic.h"
#include "kafka/conf.h"
#include "kafka/endings.h"
#include "kafka/refusal.h"
#include "kafka/view.h"

struct mr_producer {
    rd_kafka_t *handle;
    rd_kafka_queue_t *queue;
    const struct mr_producer_events *events;
    void *data;
    rd_kafka_topic_t *topic; /* of the last record: the next one often has the same */
    size_t outstanding, outstanding_bytes;
    rd_kafka_conf_t *single;          /* for mr_producer_new_single; NULL if that is never called */
    rd_kafka_conf_t *reader;          /* NULL if not transactional */
    bool squeezes;                    /* compresses the topics of single records */
    struct mr_unanswered *unanswered; /* NULL if not transactional */
};

/* Returns true if the owner took over the record. */
static bool offer_back(struct mr_producer *producer, const rd_kafka_message_t *message,
                       enum mr_sent how)
{
    struct mr_pair *headers;
    bool unknown = how == MR_SENT_NO_TOPIC || how == MR_SENT_NO_PARTITION;
    bool (*offer)(void *, void *, const struct mr_outgoing *, enum mr_sent, const char *) =
        unknown ? producer->events->unknown : producer->events->refused_with_batch;
    if (offer == NULL || (!unknown && !mr_kafka_refuses_batch(message->err)))
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

/* Returns true if kafka.properties set the compression, under any of librdkafka's names. */
static bool says_how_to_compress(const struct mr_config *config)
{
    static const char *const paths[] = {"kafka.properties[\"compression.type\"]",
                                        "kafka.properties[\"compression.codec\"]",
                                        "kafka.properties[\"topic.compression.type\"]",
                                        "kafka.properties[\"topic.compression.codec\"]"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (mr_config_is_set(config, paths[i]))
            return true;
    return false;
}

/* Keeps a configuration for mr_producer_new_single. Call it before the handle takes over `conf`. */
static void keep_single(struct mr_producer *producer, const rd_kafka_conf_t *conf,
                        const struct mr_config *config, struct mr_errors *errors)
{
    rd_kafka_conf_t *single = producer->single = mr_kafka_conf_again(conf);
    mr_kafka_conf_set(single, "batch.num.messages", "1", "built-in", errors);
    if (!says_how_to_compress(config))
        mr_kafka_conf_set(single, "compression.type", "zstd", "built-in", errors);
}

static void free_confs(struct mr_producer *producer)
{
    if (producer->single != NULL)
        rd_kafka_conf_destroy(producer->single);
    if (producer->reader != NULL)
        rd_kafka_conf_destroy(producer->reader);
}

/* Takes over `conf`. Frees the producer if it fails and returns NULL. Reports are events because
 * callbacks would run in the wrong thread: a thread of the pool that flushes or commits would call
 * them. With events, that thread only waits until this one has taken them. */
static struct mr_producer *open_producer(struct mr_producer *producer, rd_kafka_conf_t *conf,
                                         int wake_fd, bool sound, struct mr_errors *errors)
{
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    if (!sound)
        rd_kafka_conf_destroy(conf);
    else
        producer->handle = mr_kafka_handle(RD_KAFKA_PRODUCER, conf, errors);
    if (producer->handle == NULL) {
        free_confs(producer);
        mr_unanswered_free(producer->unanswered);
        free(producer);
        return NULL;
    }
    producer->queue = rd_kafka_queue_get_main(producer->handle);
    rd_kafka_set_log_queue(producer->handle, NULL);
    mr_kafka_wake_by(producer->queue, wake_fd);
    return producer;
}

struct mr_producer *mr_producer_new(const struct mr_config *config, int wake_fd,
                                    const struct mr_producer_events *events, void *data,
                                    struct mr_errors *errors)
{
    struct mr_producer *producer = mr_alloc(sizeof(*producer));
    *producer = (struct mr_producer){.events = events, .data = data};
    size_t before = errors->count;
    rd_kafka_conf_t *conf = mr_kafka_conf(config, MR_ROLE_PRODUCER, errors);
    keep_single(producer, conf, config, errors);
    return open_producer(producer, conf, wake_fd, errors->count == before, errors);
}

struct mr_producer *mr_producer_new_single(const struct mr_producer *like, int wake_fd,
                                           const struct mr_producer_events *events, void *data,
                                           struct mr_errors *errors)
{
    struct mr_producer *producer = mr_alloc(sizeof(*producer));
    *producer = (struct mr_producer){.events = events, .data = data};
    return open_producer(producer, mr_kafka_conf_again(like->single), wake_fd, true, errors);
}

/* If a worker dies and no producer with its id comes back, its open transaction delays readers of
 * committed records for this long. */
enum { TRANSACTION_TIMEOUT_MS = 10000 };

static void set_timeout(rd_kafka_conf_t *conf, const struct mr_config *config,
                        struct mr_errors *errors)
{
    char timeout[32];
    if (mr_config_is_set(config, "kafka.properties[\"transaction.timeout.ms\"]"))
        return;
    snprintf(timeout, sizeof(timeout), "%lld",
             TRANSACTION_TIMEOUT_MS + (long long)mr_config_integer(config, "transaction.interval"));
    mr_kafka_conf_set(conf, "transaction.timeout.ms", timeout, "built-in", errors);
}

struct mr_producer *mr_producer_new_transactional(const struct mr_config *config, const char *id,
                                                  int wake_fd,
                                                  const struct mr_producer_events *events,
                                                  void *data, struct mr_errors *errors)
{
    struct mr_producer *producer = mr_alloc(sizeof(*producer));
    *producer = (struct mr_producer){.events = events, .data = data};
    size_t before = errors->count;
    rd_kafka_conf_t *conf = mr_kafka_conf(config, MR_ROLE_TRANSACTIONS, errors);
    producer->reader = mr_kafka_conf(config, MR_ROLE_CONSUMER, errors);
    producer->unanswered = mr_unanswered_new(conf);
    producer->squeezes = !says_how_to_compress(config);
    mr_kafka_conf_set(conf, "transactional.id", id, "built-in", errors);
    set_timeout(conf, config, errors);
    return open_producer(producer, conf, wake_fd, errors->count == before, errors);
}

static void read_property(const struct mr_producer *producer, const char *name, char *value,
                          size_t size)
{
    rd_kafka_conf_res_t got =
        rd_kafka_conf_get(rd_kafka_conf(producer->handle), name, value, &size);
    MR_ASSERT(got == RD_KAFKA_CONF_OK);
}

uint64_t mr_producer_transaction_timeout(const struct mr_producer *producer)
{
    char text[32];
    read_property(producer, "transaction.timeout.ms", text, sizeof(text));
    return strtoull(text, NULL, 10);
}

bool mr_producer_compresses(const struct mr_producer *producer)
{
    char text[32];
    read_property(producer, "compression.codec", text, sizeof(text));
    return strcmp(text, "none") != 0;
}

size_t mr_producer_largest(const struct mr_producer *producer)
{
    char text[32];
    read_property(producer, "message.max.bytes", text, sizeof(text));
    return (size_t)strtoull(text, NULL, 10);
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

void mr_producer_free(struct mr_producer *producer)
{
    MR_ASSERT(producer->outstanding == 0);
    if (producer->topic != NULL)
        rd_kafka_topic_destroy(producer->topic);
    rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(producer->queue);
    mr_endings_add(producer->handle, producer->unanswered);
    free_confs(producer);
    free(producer);
}
