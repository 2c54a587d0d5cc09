/* The reply inbox: the response topics this worker listens to, each found (and created where it may
 * be) in the background, then read whole from its end; partitions that it gets later are found
 * within ten seconds and read from their beginning. */
#ifndef MR_WORKER_INBOX_H
#define MR_WORKER_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/config.h"
#include "base/timers.h"
#include "kafka/message.h"
#include "kafka/producer.h"

struct mr_inbox;

struct mr_inbox_events {
    /* Records written to the topic from now on are seen. */
    void (*listening)(void *data, const char *topic);
    /* A record of a response topic; takes the message over. */
    void (*reply)(void *data, struct mr_message *message);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

/* Connects to nothing until a topic is wanted. `via` must outlive the inbox. */
struct mr_inbox *mr_inbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                              struct mr_timers *timers, const struct mr_producer *via,
                              const struct mr_inbox_events *events, void *data);
/* True when the topic is listened to; else sees to it that it will be, for as long as it takes. */
bool mr_inbox_want(struct mr_inbox *inbox, const char *topic);
/* The partition that a worker with that number among the router's has its answers sent to, where
 * the dialect names one: its own where the topic has so many. The topic is listened to. */
int32_t mr_inbox_partition(const struct mr_inbox *inbox, const char *topic, uint64_t number);
/* Takes up to `most` records; returns how many. */
size_t mr_inbox_poll(struct mr_inbox *inbox, size_t most);
/* A question to the cluster is still under way: the loop must run on before the inbox may be freed.
 */
bool mr_inbox_busy(const struct mr_inbox *inbox);
void mr_inbox_stop(struct mr_inbox *inbox); /* asks no more */
void mr_inbox_free(struct mr_inbox *inbox);

#endif
