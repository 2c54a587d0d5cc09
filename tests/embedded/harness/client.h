/* A Kafka client that nobody at Moonroute wrote: it sends requests and reads topics from their
 * beginning. */
#ifndef MR_EMBEDDED_CLIENT_H
#define MR_EMBEDDED_CLIENT_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"

struct client;

/* A record that was read. It lives as long as the client. */
struct record {
    char topic[128];
    int32_t partition;
    int64_t offset, timestamp;
    struct mr_bytes key, value; /* data NULL: null */
    rd_kafka_message_t *message;
    struct record *next;
};

struct client *client_new(const char *brokers);
void client_free(struct client *client);

/* Hands the record to the producer, which is idempotent and delivers it as soon as it can. */
void client_send(struct client *client, const struct mr_outgoing *record);
void client_flush(struct client *client); /* until all that was sent is in its topics */

/* Reads the topic from its beginning from now on, as often as the functions below are called. */
void client_read(struct client *client, const char *topic, int partitions);
/* How many records of the topic have been read so far. */
size_t client_count(struct client *client, const char *topic);
/* How many of them have the header with that value. */
size_t client_count_with(struct client *client, const char *topic, const char *name,
                         struct mr_bytes value);
/* How many of them have that key. */
size_t client_count_key(struct client *client, const char *topic, const char *key);
/* How many of them have that value. */
size_t client_count_of(struct client *client, const char *topic, struct mr_bytes value);
/* The record number `index` of the topic in the order in which they were read; fails the test when
 * it does not come. */
const struct record *client_await(struct client *client, const char *topic, size_t index);
/* The first one with that header; likewise. */
const struct record *client_await_with(struct client *client, const char *topic, const char *name,
                                       struct mr_bytes value);
/* Reads until everything that is in the topic now has been read. */
void client_catch_up(struct client *client, const char *topic, int partitions);

/* The header's value, data NULL where there is none. */
struct mr_bytes record_header(const struct record *record, const char *name);
/* The names of all headers in their order, "a b c"; good until the next call. */
const char *record_header_names(const struct record *record);

/* The cluster has the topic; asking creates none. */
bool client_sees(struct client *client, const char *topic);
/* Records in the partitions of the topic, and how many of them the group has committed. */
int64_t client_end(struct client *client, const char *topic, int partitions);
int64_t client_committed(const char *brokers, const char *group, const char *topic, int partitions);

#endif
