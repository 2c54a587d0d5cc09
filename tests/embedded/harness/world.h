/* What most tests need: a cluster, a client of it and one router, and the ways to ask it. Replies
 * come to the topic "replies". */
#ifndef MR_EMBEDDED_WORLD_H
#define MR_EMBEDDED_WORLD_H

#include "harness/client.h"
#include "harness/cluster.h"
#include "harness/router.h"
#include "harness/test.h"

enum dialect { EVENT, PLAIN, KAFKA_CLIENT };

struct world {
    struct cluster cluster;
    struct client *client;
    struct router router; /* made, not started */
};

/* Brokers 1 to `brokers`; "replies" is led by the last. */
struct world *world_new(int brokers, int workers);
void world_free(struct world *world);
int world_tear_down(
    void **state); /* for cmocka: stops the router where it runs, and frees the world */

/* A topic with a script of the same name, led by broker 1. */
void world_serve(struct world *world, const char *topic, int partitions, const char *script);

/* What is asked; what is left out is as usual: a JSON event without key to any partition. */
struct question {
    const char *topic;
    const char *key;
    const char *json;
    struct mr_bytes value; /* instead of json */
    enum dialect dialect;
    struct mr_bytes id;            /* the correlation id, for a dialect */
    const char *reply_to;          /* instead of "replies" */
    const struct mr_pair *headers; /* more of them */
    size_t header_count;
    bool to_partition;
    int32_t partition;
};
void world_send(struct world *world, const struct question *question);

/* Asks in the plain dialect with a new correlation id and without a key, and awaits the reply. */
const struct record *world_ask(struct world *world, const char *topic, const char *json);
const struct record *world_ask_as(struct world *world, enum dialect dialect, const char *topic,
                                  const char *json);
/* Sends a plain request with a key; returns at once. */
void world_request(struct world *world, const char *topic, const char *key, const char *id,
                   const char *json);
const struct record *world_reply(struct world *world, const char *id);
/* How many replies with this id have been read. */
size_t world_replies(struct world *world, const char *id);

/* Requests "NAME-0" to "NAME-(count-1)", each its own key, of the same JSON. */
void world_request_many(struct world *world, const char *topic, const char *name, int count,
                        const char *json);
/* Each of them has been answered. */
bool world_all_answered(struct world *world, const char *name, int count);
/* Waits until the group has committed all there is in the topic, and reads all replies there are:
 * nothing can come any more. */
void world_settle(struct world *world, const char *topic, int partitions);
/* Fails where one of them has not exactly one reply. */
void world_assert_answered_once(struct world *world, const char *name, int count);

#endif
