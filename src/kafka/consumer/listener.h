/* Listens to whole topics from their end, without a group: the reply inbox. Every worker reads
 * every partition of its response topics and drops the replies to others. */
#ifndef MR_KAFKA_CONSUMER_LISTENER_H
#define MR_KAFKA_CONSUMER_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errors.h"
#include "config/config.h"
#include "kafka/message.h"

struct mr_listener;

/* Why records of a topic are not read at present. The fault ends by itself. */
enum mr_listener_fault {
    MR_LISTENER_FINE,
    MR_LISTENER_DENIED, /* READ on the topic is not allowed */
    MR_LISTENER_GONE,   /* the topic, or one of its partitions, does not exist any more */
};

struct mr_listener_events {
    /* Every partition of the topic has reached its end once: records written from now on will be
     * seen. */
    void (*listening)(void *data, const char *topic);
    /* The topic's fault has changed: it is the worst of its partitions. */
    void (*fault)(void *data, const char *topic, enum mr_listener_fault fault);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

struct mr_listener *mr_listener_new(const struct mr_config *config, int wake_fd,
                                    const struct mr_listener_events *events, void *data,
                                    struct mr_errors *errors);
/* Begins to read `partitions` partitions of the topic. Call it once per topic; `listening` follows.
 * Returns 0, or -1 with `why` (at most `size` bytes). */
int mr_listener_add(struct mr_listener *listener, const char *topic, int32_t partitions, char *why,
                    size_t size);
/* Also reads the new partitions of the topic, up to `partitions`. Begins at their first record,
 * since their records are for requests of now. For the same reason, a topic that was deleted and
 * created again is read from its beginning. Returns 0, or -1 with `why`. */
int mr_listener_grow(struct mr_listener *listener, const char *topic, int32_t partitions, char *why,
                     size_t size);
/* Takes the next record. Returns false if there is none; poll until then after each wake. */
bool mr_listener_poll(struct mr_listener *listener, struct mr_message *message);
/* Stops to read the topic, if it is read. Its records that wait are dropped, or come and belong to
 * nobody. */
void mr_listener_remove(struct mr_listener *listener, const char *topic);
void mr_listener_free(struct mr_listener *listener);

#endif
