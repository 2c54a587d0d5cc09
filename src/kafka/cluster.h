/* Questions to the cluster, sent through a producer's connection. They block, so a worker asks them
 * on libuv's pool, never on its loop. The producer may be used meanwhile and must outlive the
 * question. */
#ifndef MR_KAFKA_CLUSTER_H
#define MR_KAFKA_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/producer.h"

/* Returns true if a broker answers within `timeout` ms. */
bool mr_cluster_reachable(const struct mr_producer *via, int timeout);
/* A topic that has a partition without a leader, or that we may not describe. */
struct mr_cluster_fault {
    char topic[256];
    int32_t partition; /* -1: we may not describe the topic */
};
enum { MR_CLUSTER_FAULTS = 32 };

/* The state of the topics that the producer knows. */
struct mr_cluster_look {
    bool answered; /* a broker answered this or, meanwhile, any other question of the process */
    struct mr_cluster_fault faults[MR_CLUSTER_FAULTS]; /* the first ones */
    size_t count;
};
/* Asks a broker about the topics, and waits at most `timeout` ms. */
void mr_cluster_look(const struct mr_producer *via, struct mr_cluster_look *look, int timeout);
/* All topics, sorted by name. Asking for all topics creates none. A question about one topic by
 * name creates the topic if auto.create.topics.enable is on. */
struct mr_cluster_topics {
    struct mr_cluster_topic {
        char *name;
        int32_t partitions;
    } * rows;
    size_t count;
};
/* Asks for all topics. Returns 0, or -1 with `why` and no rows. The caller frees them. */
int mr_cluster_topics(const struct mr_producer *via, struct mr_cluster_topics *topics, int timeout,
                      char *why, size_t size);
int32_t mr_cluster_partitions(const struct mr_cluster_topics *topics,
                              const char *name); /* 0 if the topic is not among them */
void mr_cluster_topics_free(struct mr_cluster_topics *topics);

/* Errors, in place of a number of partitions. */
enum {
    MR_CLUSTER_FAILED = -1,
    MR_CLUSTER_DENIED = -2,     /* by the cluster's access lists */
    MR_CLUSTER_IMPOSSIBLE = -3, /* no topic can have that name */
};

/* Asks a broker for the topic by name, after which the producer knows its partitions. Returns their
 * number, 0 if the broker does not show the topic, or an error from above with `why`. */
int32_t mr_cluster_topic(const struct mr_producer *via, const char *topic, int timeout, char *why,
                         size_t size);

enum mr_led {
    MR_LED_NOT,      /* some partition has no leader, or no broker answers in time */
    MR_LED_BARELY,   /* some replicas are not in sync */
    MR_LED_WELL,     /* all replicas are in sync */
    MR_LED_NO_TOPIC, /* the topic is missing, or denied to us */
};
/* Returns whether the topic's partitions have leaders, and makes the leaders known to the
 * producer. */
enum mr_led mr_cluster_led(const struct mr_producer *via, const char *topic, int timeout);

#endif
