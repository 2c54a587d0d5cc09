/* The reply inbox: the response topics that this worker reads. Each is looked up (and created if
 * that is allowed) in the background, and then read whole from its end. Partitions added later are
 * found within ten seconds, and read from their beginning. */
#ifndef MR_WORKER_RPC_REPLY_INBOX_H
#define MR_WORKER_RPC_REPLY_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/scoreboard.h"
#include "base/timers.h"
#include "config/config.h"
#include "kafka/cluster.h"
#include "kafka/message.h"
#include "kafka/producer.h"

struct mr_inbox;

struct mr_inbox_events {
    /* The topic is read: records written to it from now on are seen. */
    void (*listening)(void *data, const char *topic);
    /* Appends the names of the topics that requests ask which wait for this topic. Each name ends
     * with a NUL. */
    void (*asked)(void *data, const char *topic, struct mr_buf *names);
    /* The topic is missing, and so is each of the topics that are asked, whose names `asked` has.
     */
    void (*missing)(void *data, const char *topic, const struct mr_buf *asked);
    /* Only a person can make the topic readable, so requests need not wait for it. */
    void (*deaf)(void *data, const char *topic, const char *why);
    /* A record of a response topic has come. Takes over the message. */
    void (*reply)(void *data, struct mr_message *message);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

/* Connects to nothing until a topic is wanted. Borrows `via`, which must outlive the inbox. */
struct mr_inbox *mr_inbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                              struct mr_timers *timers, struct mr_slot *slot,
                              const struct mr_producer *via, const struct mr_inbox_events *events,
                              void *data);

enum mr_inbox_says {
    MR_INBOX_LISTENS,
    MR_INBOX_WAITS, /* `listening` or `deaf` follows */
    MR_INBOX_DEAF,  /* with `why` */
};
/* Makes the inbox read the topic for a request, and goes on trying until it does. `*uses` is where
 * the request counts as long as it is open. If there is no room for the topic, `*uses` is NULL, and
 * the result MR_INBOX_DEAF. A topic that is missing is created when a topic that is asked exists.
 *
 * The inbox has room for 256 such topics, beside those of the configuration. For a further one it
 * closes the topic that is unused for the longest time. A topic that was never read and that only a
 * person can mend is forgotten a minute after the last request. */
enum mr_inbox_says mr_inbox_want(struct mr_inbox *inbox, const char *name, size_t **uses, char *why,
                                 size_t size);
/* Does the same for a topic of the configuration. It is created whatever is asked, and never closed
 * or forgotten. */
void mr_inbox_keep(struct mr_inbox *inbox, const char *name);
/* Takes the faults of topics that the cluster reports at this moment. */
void mr_inbox_shown(struct mr_inbox *inbox, const struct mr_cluster_fault *faults, size_t count);
/* Returns true with `why` if a topic is not read, so that the worker is not ready. A topic counts
 * if it was read before. It also counts if access lists forbid it, and it is configured or was
 * wanted within the last minute. */
bool mr_inbox_troubled(const struct mr_inbox *inbox, char *why, size_t size);
/* Returns the partition for the answers to the worker with that number, if the dialect names one.
 * It is the worker's own if the topic has enough partitions. The topic must have been found
 * (asserted). */
int32_t mr_inbox_partition(const struct mr_inbox *inbox, const char *topic, uint64_t number);
/* Takes up to `most` records; returns how many. */
size_t mr_inbox_poll(struct mr_inbox *inbox, size_t most);
/* Returns true if a lookup is still running. Then the loop must run on before the inbox may be
 * freed. */
bool mr_inbox_busy(const struct mr_inbox *inbox);
void mr_inbox_stop(struct mr_inbox *inbox); /* schedules no more lookups */
void mr_inbox_free(struct mr_inbox *inbox);

#endif
