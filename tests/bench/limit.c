/* The least that answering messages can cost: librdkafka, LuaJIT and lua-cjson in one bare loop, as
 * one would write it for a single script. tools/bench compares Moonroute with it. It keeps no
 * delivery promise: an offset is stored when its reply is queued, not when it is acknowledged;
 * there are no time-outs, no metrics and no reloads.
 *
 * Usage: limit SCRIPT TOPIC NAME=VALUE...     (librdkafka properties; consumer's and producer's
 * alike) Ends at SIGTERM. */
#include <lauxlib.h>
#include <librdkafka/rdkafka.h>
#include <lualib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct limit {
    rd_kafka_t *consumer;
    rd_kafka_t *producer;
    rd_kafka_topic_t *reply_topic; /* the last one used */
    lua_State *lua;                /* at index 1: the answering function */
};

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "limit: %s: %s\n", what, why);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[512];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        die(name, why);
}

static rd_kafka_conf_t *properties(int count, char **pairs)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (int i = 0; i < count; i++) {
        char *equals = strchr(pairs[i], '=');
        if (!equals)
            die(pairs[i], "expected NAME=VALUE");
        *equals = '\0';
        set(conf, pairs[i], equals + 1);
        *equals = '=';
    }
    return conf;
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char why[512];
    rd_kafka_t *client = rd_kafka_new(type, conf, why, sizeof why);
    if (!client)
        die("rd_kafka_new", why);
    return client;
}

static rd_kafka_t *consumer_of(const char *topic, int count, char **pairs)
{
    rd_kafka_conf_t *conf = properties(count, pairs);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "enable.auto.offset.store", "false");
    set(conf, "auto.commit.interval.ms", "1000");
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, conf);
    rd_kafka_poll_set_consumer(consumer);

    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(consumer, topics);
    if (err)
        die("subscribe", rd_kafka_err2str(err));
    rd_kafka_topic_partition_list_destroy(topics);
    return consumer;
}

/* Leaves a function on the stack: topic, value -> reply. */
static lua_State *script(const char *path)
{
    static const char answering[] =
        "local cjson = require 'cjson'\n"
        "local decode, encode, handle = cjson.decode, cjson.encode, handleMessage\n"
        "return function(topic, value) return encode(handle(topic, decode(value))) end";
    lua_State *lua = luaL_newstate();
    if (!lua)
        die("lua", "out of memory");
    luaL_openlibs(lua);
    if (luaL_dofile(lua, path) || luaL_loadstring(lua, answering) || lua_pcall(lua, 0, 1, 0))
        die("lua", lua_tostring(lua, -1));
    return lua;
}

static int header(const rd_kafka_headers_t *headers, const char *name, const void **value,
                  size_t *size)
{
    return !rd_kafka_header_get_last(headers, name, value, size);
}

static rd_kafka_topic_t *topic_named(struct limit *self, const char *name, size_t size)
{
    const char *last = self->reply_topic ? rd_kafka_topic_name(self->reply_topic) : "";
    if (strlen(last) != size || memcmp(last, name, size) != 0) {
        char *copy = strndup(name, size);
        if (self->reply_topic)
            rd_kafka_topic_destroy(self->reply_topic);
        self->reply_topic = rd_kafka_topic_new(self->producer, copy, NULL);
        free(copy);
    }
    return self->reply_topic;
}

static void reply(struct limit *self, const rd_kafka_message_t *message, const char *value,
                  size_t size)
{
    rd_kafka_headers_t *headers;
    const void *reply_to, *id;
    size_t reply_to_size, id_size;
    if (rd_kafka_message_headers(message, &headers) ||
        !header(headers, "reply-to", &reply_to, &reply_to_size) ||
        !header(headers, "correlation-id", &id, &id_size))
        return;

    rd_kafka_topic_t *topic = topic_named(self, reply_to, reply_to_size);
    rd_kafka_resp_err_t err;
    while ((err = rd_kafka_producev(self->producer, RD_KAFKA_V_RKT(topic),
                                    RD_KAFKA_V_KEY(message->key, message->key_len),
                                    RD_KAFKA_V_VALUE((void *)(size_t)value, size),
                                    RD_KAFKA_V_HEADER("correlation-id", id, id_size),
                                    RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL)
        rd_kafka_poll(self->producer, 10);
    if (err)
        die("produce", rd_kafka_err2str(err));
}

static void answer(struct limit *self, const rd_kafka_message_t *message)
{
    lua_pushvalue(self->lua, -1);
    lua_pushstring(self->lua, rd_kafka_topic_name(message->rkt));
    lua_pushlstring(self->lua, message->payload, message->len);
    if (lua_pcall(self->lua, 2, 1, 0))
        die("handler", lua_tostring(self->lua, -1));
    size_t size;
    const char *value = lua_tolstring(self->lua, -1, &size);
    reply(self, message, value, size);
    lua_pop(self->lua, 1);
    rd_kafka_offset_store(message->rkt, message->partition, message->offset);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        die("usage", "limit SCRIPT TOPIC NAME=VALUE...");
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);

    struct limit self = {.lua = script(argv[1])};
    self.consumer = consumer_of(argv[2], argc - 3, argv + 3);
    self.producer = client(RD_KAFKA_PRODUCER, properties(argc - 3, argv + 3));

    while (!stopping) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(self.consumer, 100);
        if (!message) {
            rd_kafka_poll(self.producer, 0);
            continue;
        }
        if (!message->err)
            answer(&self, message);
        rd_kafka_message_destroy(message);
    }

    rd_kafka_flush(self.producer, 10000);
    rd_kafka_consumer_close(self.consumer);
    if (self.reply_topic)
        rd_kafka_topic_destroy(self.reply_topic);
    rd_kafka_destroy(self.producer);
    rd_kafka_destroy(self.consumer);
    lua_close(self.lua);
    return 0;
}
