/* Questions to the cluster that librdkafka answers only by waiting, asked through a producer's
 * connection. A worker asks them on libuv's pool, never on its loop; the producer may be used
 * meanwhile, and must outlive the question. */
#ifndef MR_KAFKA_CLUSTER_H
#define MR_KAFKA_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/producer.h"

/* True when a broker answers within `timeout` ms. */
bool mr_cluster_reachable(const struct mr_producer *via, int timeout);
/* A topic of which a partition has no leader, or that the cluster does not show to us. */
struct mr_cluster_fault {
    char topic[256];
    int32_t partition; /* -1: the topic, which may not be described */
};
enum { MR_CLUSTER_FAULTS = 32 };

/* How the topics are that the producer knows. */
struct mr_cluster_look {
    bool answered; /* by any broker, to this or any other question of this process meanwhile */
    struct mr_cluster_fault faults[MR_CLUSTER_FAULTS]; /* the first ones */
    size_t count;
};
/* Asks a broker, which has `timeout` ms to answer. */
void mr_cluster_look(const struct mr_producer *via, struct mr_cluster_look *look, int timeout);
/* The topics there are, sorted by name. Asking for all makes no broker create one, as asking for
 * one by name does where auto.create.topics.enable is on. */
struct mr_cluster_topics {
    struct mr_cluster_topic {
        char *name;
        int32_t partitions;
    } * rows;
    size_t count;
};
/* Returns 0, or -1 with `why` and no rows; the caller frees them. */
int mr_cluster_topics(const struct mr_producer *via, struct mr_cluster_topics *topics, int timeout,
                      char *why, size_t size);
int32_t mr_cluster_partitions(const struct mr_cluster_topics *topics,
                              const char *name); /* 0 where it is not there */
void mr_cluster_topics_free(struct mr_cluster_topics *topics);

/* A result below 0: why there is none. */
enum {
    MR_CLUSTER_FAILED = -1,
    MR_CLUSTER_DENIED = -2,     /* by the cluster's access lists */
    MR_CLUSTER_IMPOSSIBLE = -3, /* no topic can have that name */
};

/* Asks a broker for the topic by name, which makes its partitions known to the producer. Returns
 * how many it has, 0 when that broker does not show the topic, or one of those above with `why`. */
int32_t mr_cluster_topic(const struct mr_producer *via, const char *topic, int timeout, char *why,
                         size_t size);

enum mr_led {
    MR_LED_NOT,      /* some partition has no leader, or nobody answers in time */
    MR_LED_BARELY,   /* not all replicas are in step */
    MR_LED_WELL,     /* they are */
    MR_LED_NO_TOPIC, /* it is not there, or not for us */
};
/* Tells how the topic's partitions are led. The producer knows the leaders from then on. */
enum mr_led mr_cluster_led(const struct mr_producer *via, const char *topic, int timeout);

#endif
