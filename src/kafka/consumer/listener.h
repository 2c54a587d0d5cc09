/* Listens to whole topics from their end, in no group: the reply inbox. Every worker reads every
 * partition of its response topics and drops what is not its own. */
#ifndef MR_KAFKA_CONSUMER_LISTENER_H
#define MR_KAFKA_CONSUMER_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/errors.h"
#include "config/config.h"
#include "kafka/message.h"

struct mr_listener;

/* Why records of a topic are not read at present. It heals by itself. */
enum mr_listener_fault {
    MR_LISTENER_FINE,
    MR_LISTENER_DENIED, /* READ on it is not allowed */
    MR_LISTENER_GONE,   /* it, or one of its partitions, is not there any more */
};

struct mr_listener_events {
    /* Every partition of the topic has reached its end once: a record written from now on will be
     * seen. */
    void (*listening)(void *data, const char *topic);
    /* That of the topic has changed: the worst of its partitions. */
    void (*fault)(void *data, const char *topic, enum mr_listener_fault fault);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

struct mr_listener *mr_listener_new(const struct mr_config *config, int wake_fd,
                                    const struct mr_listener_events *events, void *data,
                                    struct mr_errors *errors);
/* Begins to read `partitions` partitions of the topic, once for each topic; `listening` follows.
 * Returns 0, or -1 with `why` (not NUL-terminated beyond `size`). */
int mr_listener_add(struct mr_listener *listener, const char *topic, int32_t partitions, char *why,
                    size_t size);
/* A topic that was deleted and created again is read from its beginning, since its records were
 * written for those who ask now.
 *
 * The topic has got more partitions: reads these, too, from their beginning, since what is in them
 * was written for those who ask now. Returns 0, or -1 with `why`. */
int mr_listener_grow(struct mr_listener *listener, const char *topic, int32_t partitions, char *why,
                     size_t size);
/* The next record; false when there is none. Poll after each wake until then. */
bool mr_listener_poll(struct mr_listener *listener, struct mr_message *message);
void mr_listener_free(struct mr_listener *listener);

#endif
