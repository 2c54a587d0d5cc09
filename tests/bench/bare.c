#include "bare.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

_Noreturn void bare_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void bare_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        bare_die(name, why);
}

rd_kafka_conf_t *bare_properties(int count, char **pairs)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (int i = 0; i < count; i++) {
        char *equals = strchr(pairs[i], '=');
        if (!equals)
            bare_die(pairs[i], "expected NAME=VALUE");
        *equals = '\0';
        bare_set(conf, pairs[i], equals + 1);
        *equals = '=';
    }
    return conf;
}

rd_kafka_t *bare_client(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char why[512];
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (!client)
        bare_die("rd_kafka_new", why);
    return client;
}

static rd_kafka_t *consumer_of(const char *topic, int count, char **pairs)
{
    rd_kafka_conf_t *conf = bare_properties(count, pairs);
    bare_set(conf, "auto.offset.reset", "earliest");
    bare_set(conf, "enable.auto.offset.store", "false");
    bare_set(conf, "auto.commit.interval.ms", "1000");
    rd_kafka_t *consumer = bare_client(RD_KAFKA_CONSUMER, conf);
    rd_kafka_poll_set_consumer(consumer);

    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(consumer, topics);
    if (err)
        bare_die("subscribe", rd_kafka_err2str(err));
    rd_kafka_topic_partition_list_destroy(topics);
    return consumer;
}

void bare_open(struct bare *bare, const char *topic, int count, char **pairs)
{
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    bare->consumer = consumer_of(topic, count, pairs);
    bare->producer = bare_client(RD_KAFKA_PRODUCER, bare_properties(count, pairs));
    bare->reply_topic = NULL;
}

void bare_serve(struct bare *bare, void (*answer)(void *data, const rd_kafka_message_t *message),
                void *data)
{
    while (!stopping) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(bare->consumer, 100);
        if (!message) {
            rd_kafka_poll(bare->producer, 0);
            continue;
        }
        if (!message->err) {
            answer(data, message);
            rd_kafka_offset_store(message->rkt, message->partition, message->offset);
        }
        rd_kafka_message_destroy(message);
    }
}

static int header(const rd_kafka_headers_t *headers, const char *name, const void **value,
                  size_t *size)
{
    return !rd_kafka_header_get_last(headers, name, value, size);
}

static rd_kafka_topic_t *topic_named(struct bare *bare, const char *name, size_t size)
{
    const char *last = bare->reply_topic ? rd_kafka_topic_name(bare->reply_topic) : "";
    if (strlen(last) != size || memcmp(last, name, size) != 0) {
        char *copy = strndup(name, size);
        if (bare->reply_topic)
            rd_kafka_topic_destroy(bare->reply_topic);
        bare->reply_topic = rd_kafka_topic_new(bare->producer, copy, NULL);
        free(copy);
    }
    return bare->reply_topic;
}

void bare_reply(struct bare *bare, const rd_kafka_message_t *message, const char *value,
                size_t size)
{
    rd_kafka_headers_t *headers;
    const void *reply_to, *id;
    size_t reply_to_size, id_size;
    if (rd_kafka_message_headers(message, &headers) ||
        !header(headers, "reply-to", &reply_to, &reply_to_size) ||
        !header(headers, "correlation-id", &id, &id_size))
        return;

    rd_kafka_topic_t *topic = topic_named(bare, reply_to, reply_to_size);
    rd_kafka_resp_err_t err;
    while ((err = rd_kafka_producev(bare->producer, RD_KAFKA_V_RKT(topic),
                                    RD_KAFKA_V_KEY(message->key, message->key_len),
                                    RD_KAFKA_V_VALUE((void *)(size_t)value, size),
                                    RD_KAFKA_V_HEADER("correlation-id", id, id_size),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(bare->producer, 10);
    if (err)
        bare_die("produce", rd_kafka_err2str(err));
}

void bare_close(struct bare *bare)
{
    rd_kafka_flush(bare->producer, 10000);
    rd_kafka_consumer_close(bare->consumer);
    if (bare->reply_topic)
        rd_kafka_topic_destroy(bare->reply_topic);
    rd_kafka_destroy(bare->producer);
    rd_kafka_destroy(bare->consumer);
}
