/* What bare programs around librdkafka have alike: clients made of properties, a group's consumer,
 * and a reply that carries a request's correlation-id to where its reply-to says. */
#ifndef MR_BENCH_BARE_H
#define MR_BENCH_BARE_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>

struct bare {
    rd_kafka_t *consumer;
    rd_kafka_t *producer;
    rd_kafka_topic_t *reply_topic; /* the last one used */
};

/* Ends the program. */
_Noreturn void bare_die(const char *what, const char *why);
void bare_set(rd_kafka_conf_t *conf, const char *name, const char *value);
rd_kafka_conf_t *bare_properties(int count, char **pairs); /* NAME=VALUE */
rd_kafka_t *bare_client(rd_kafka_type_t type, rd_kafka_conf_t *conf);
/* Of the topic, in the group of the properties. */
void bare_open(struct bare *bare, const char *topic, int count, char **pairs);
/* Hands each message to `answer` until SIGTERM or SIGINT, storing its offset after that. */
void bare_serve(struct bare *bare, void (*answer)(void *data, const rd_kafka_message_t *message),
                void *data);
void bare_reply(struct bare *bare, const rd_kafka_message_t *message, const char *value,
                size_t size);
void bare_close(struct bare *bare);

#endif
