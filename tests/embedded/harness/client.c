#include "harness/client.h"

#include "harness/test.h"

enum { QUESTION_MS = 5000 };

struct client {
    rd_kafka_t *producer, *consumer;
    rd_kafka_queue_t *queue;
    rd_kafka_topic_t *topics[64]; /* that are read */
    int partitions[64];
    size_t topic_count;
    struct record *first, **last;
};

static void drop_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle, (void)level, (void)facility, (void)text;
}

/* `settings` is name, value, name, value, NULL. */
static rd_kafka_t *make(rd_kafka_type_t type, const char *brokers, const char *const *settings)
{
    char why[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, drop_log);
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_conf_set(conf, "reconnect.backoff.max.ms", "200", NULL, 0);
    for (; *settings != NULL; settings += 2)
        assert_int_equal(rd_kafka_conf_set(conf, settings[0], settings[1], why, sizeof(why)),
                         RD_KAFKA_CONF_OK);
    rd_kafka_t *handle = rd_kafka_new(type, conf, why, sizeof(why));
    if (handle == NULL)
        fail_msg("%s", why);
    return handle;
}

struct client *client_new(const char *brokers)
{
    static const char *const producing[] = {"enable.idempotence", "true", "linger.ms", "0", NULL};
    static const char *const consuming[] = {"fetch.wait.max.ms", "10", "group.id", "nobody", NULL};
    struct client *client = calloc(1, sizeof(*client));
    assert_non_null(client);
    client->producer = make(RD_KAFKA_PRODUCER, brokers, producing);
    client->consumer = make(RD_KAFKA_CONSUMER, brokers, consuming);
    client->queue = rd_kafka_queue_new(client->consumer);
    client->last = &client->first;
    return client;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    while (client->first != NULL) {
        struct record *record = client->first;
        client->first = record->next;
        rd_kafka_message_destroy(record->message);
        free(record);
    }
    for (size_t i = 0; i < client->topic_count; i++) {
        for (int partition = 0; partition < client->partitions[i]; partition++)
            rd_kafka_consume_stop(client->topics[i], partition);
        rd_kafka_topic_destroy(client->topics[i]);
    }
    rd_kafka_queue_destroy(client->queue);
    rd_kafka_purge(client->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_destroy(client->consumer);
    rd_kafka_destroy(client->producer);
    free(client);
}

/* --- sending --- */

static void *unconst(const char *data)
{
    union {
        const char *from;
        void *to;
    } pointer = {data};
    return pointer.to;
}

void client_send(struct client *client, const struct mr_outgoing *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        const struct mr_pair *pair = &record->headers[i];
        rd_kafka_header_add(headers, pair->name.data, (ssize_t)pair->name.length, pair->value.data,
                            (ssize_t)pair->value.length);
    }
    rd_kafka_resp_err_t error = rd_kafka_producev(
        client->producer, RD_KAFKA_V_TOPIC(record->topic), RD_KAFKA_V_PARTITION(record->partition),
        RD_KAFKA_V_KEY(unconst(record->key.data), record->key.length),
        RD_KAFKA_V_VALUE(unconst(record->value.data), record->value.length),
        RD_KAFKA_V_TIMESTAMP(record->timestamp), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal(error, RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_poll(client->producer, 0);
}

void client_flush(struct client *client)
{
    assert_int_equal(rd_kafka_flush(client->producer, PATIENCE), RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* --- reading --- */

void client_read(struct client *client, const char *topic, int partitions)
{
    assert_true(client->topic_count < sizeof(client->topics) / sizeof(client->topics[0]));
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client->consumer, topic, NULL);
    assert_non_null(handle);
    client->partitions[client->topic_count] = partitions;
    client->topics[client->topic_count++] = handle;
    for (int partition = 0; partition < partitions; partition++)
        assert_int_equal(rd_kafka_consume_start_queue(handle, partition, RD_KAFKA_OFFSET_BEGINNING,
                                                      client->queue),
                         0);
}

static void keep(struct client *client, rd_kafka_message_t *message)
{
    struct record *record = calloc(1, sizeof(*record));
    assert_non_null(record);
    snprintf(record->topic, sizeof(record->topic), "%s", rd_kafka_topic_name(message->rkt));
    record->partition = message->partition;
    record->offset = message->offset;
    record->timestamp = rd_kafka_message_timestamp(message, NULL);
    record->key = (struct mr_bytes){message->key, message->key_len};
    record->value = (struct mr_bytes){message->payload, message->len};
    record->message = message;
    *client->last = record;
    client->last = &record->next;
}

/* Takes what has come, and waits a moment for it. */
static void poll_once(struct client *client, int ms)
{
    rd_kafka_message_t *message = rd_kafka_consume_queue(client->queue, ms);
    rd_kafka_poll(client->producer, 0);
    rd_kafka_poll(client->consumer, 0);
    for (; message != NULL; message = rd_kafka_consume_queue(client->queue, 0)) {
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            keep(client, message);
        else
            rd_kafka_message_destroy(message);
    }
}

static struct record *next_of(struct record *record, const char *topic)
{
    while (record != NULL && strcmp(record->topic, topic) != 0)
        record = record->next;
    return record;
}

static bool has(const struct record *record, const char *name, struct mr_bytes value)
{
    struct mr_bytes got = record_header(record, name);
    return got.data != NULL && mr_bytes_equal(got, value);
}

size_t client_count(struct client *client, const char *topic)
{
    size_t count = 0;
    poll_once(client, 0);
    for (struct record *at = client->first; (at = next_of(at, topic)) != NULL; at = at->next)
        count++;
    return count;
}

size_t client_count_with(struct client *client, const char *topic, const char *name,
                         struct mr_bytes value)
{
    size_t count = 0;
    poll_once(client, 0);
    for (struct record *at = client->first; (at = next_of(at, topic)) != NULL; at = at->next)
        count += has(at, name, value);
    return count;
}

size_t client_count_key(struct client *client, const char *topic, const char *key)
{
    size_t count = 0;
    poll_once(client, 0);
    for (struct record *at = client->first; (at = next_of(at, topic)) != NULL; at = at->next)
        count += mr_bytes_equal(at->key, mr_bytes_of(key));
    return count;
}

size_t client_count_of(struct client *client, const char *topic, struct mr_bytes value)
{
    size_t count = 0;
    poll_once(client, 0);
    for (struct record *at = client->first; (at = next_of(at, topic)) != NULL; at = at->next)
        count += mr_bytes_equal(at->value, value);
    return count;
}

const struct record *client_await(struct client *client, const char *topic, size_t index)
{
    uint64_t end = mr_clock_ms() + PATIENCE;
    for (;;) {
        size_t left = index;
        struct record *at = next_of(client->first, topic);
        while (at != NULL && left-- > 0)
            at = next_of(at->next, topic);
        if (at != NULL)
            return at;
        if (mr_clock_ms() >= end)
            fail_explained("record %zu of %s does not come", index, topic);
        poll_once(client, 20);
    }
}

const struct record *client_await_with(struct client *client, const char *topic, const char *name,
                                       struct mr_bytes value)
{
    uint64_t end = mr_clock_ms() + PATIENCE;
    for (;;) {
        struct record *at = next_of(client->first, topic);
        while (at != NULL && !has(at, name, value))
            at = next_of(at->next, topic);
        if (at != NULL)
            return at;
        if (mr_clock_ms() >= end)
            fail_explained("no record of %s comes with %s %.*s", topic, name, (int)value.length,
                           value.data);
        poll_once(client, 20);
    }
}

void client_catch_up(struct client *client, const char *topic, int partitions)
{
    size_t wanted = (size_t)client_end(client, topic, partitions);
    AWAIT(client_count(client, topic) >= wanted);
}

/* --- records --- */

struct mr_bytes record_header(const struct record *record, const char *name)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t length;
    if (rd_kafka_message_headers(record->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &length) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return MR_BYTES_NONE;
    return (struct mr_bytes){value == NULL ? "" : value, length};
}

const char *record_header_names(const struct record *record)
{
    static char names[1024];
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t length, used = 0;
    names[0] = '\0';
    if (rd_kafka_message_headers(record->message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return names;
    for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &length) == 0; i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? " " : "", name);
    return names;
}

/* --- offsets --- */

int64_t client_end(struct client *client, const char *topic, int partitions)
{
    int64_t sum = 0, low, high;
    for (int32_t partition = 0; partition < partitions; partition++) {
        assert_int_equal(rd_kafka_query_watermark_offsets(client->consumer, topic, partition, &low,
                                                          &high, QUESTION_MS),
                         RD_KAFKA_RESP_ERR_NO_ERROR);
        sum += high;
    }
    return sum;
}

int64_t client_committed(const char *brokers, const char *group, const char *topic, int partitions)
{
    const char *const settings[] = {"group.id", group, NULL};
    rd_kafka_t *asker = make(RD_KAFKA_CONSUMER, brokers, settings);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    rd_kafka_topic_partition_list_add_range(list, topic, 0, partitions - 1);
    rd_kafka_resp_err_t error = rd_kafka_committed(asker, list, QUESTION_MS);
    int64_t sum = 0;
    for (int i = 0; i < list->cnt; i++)
        sum += list->elems[i].offset > 0 ? list->elems[i].offset : 0;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(asker);
    assert_int_equal(error, RD_KAFKA_RESP_ERR_NO_ERROR);
    return sum;
}

bool client_sees(struct client *client, const char *topic)
{
    const struct rd_kafka_metadata *metadata;
    bool found = false;
    if (rd_kafka_metadata(client->producer, 1, NULL, &metadata, PATIENCE) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("the cluster does not tell its topics");
    for (int i = 0; i < metadata->topic_cnt; i++)
        found = found || strcmp(metadata->topics[i].topic, topic) == 0;
    rd_kafka_metadata_destroy(metadata);
    return found;
}
