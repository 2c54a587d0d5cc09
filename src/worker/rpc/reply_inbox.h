/* The reply inbox: the response topics this worker listens to, each found (and created where it may
 * be) in the background, then read whole from its end; partitions that it gets later are found
 * within ten seconds and read from their beginning. */
#ifndef MR_WORKER_RPC_REPLY_INBOX_H
#define MR_WORKER_RPC_REPLY_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "base/timers.h"
#include "config/config.h"
#include "kafka/cluster.h"
#include "kafka/message.h"
#include "kafka/producer.h"

struct mr_inbox;

struct mr_inbox_events {
    /* Records written to the topic from now on are seen. */
    void (*listening)(void *data, const char *topic);
    /* Nothing but somebody's deed makes the topic listened to: requests need not wait for it. */
    void (*deaf)(void *data, const char *topic, const char *why);
    /* A record of a response topic; takes the message over. */
    void (*reply)(void *data, struct mr_message *message);
    void (*troubled)(void *data, bool unreachable, const char *text);
};

/* Connects to nothing until a topic is wanted. `via` must outlive the inbox. */
struct mr_inbox *mr_inbox_new(const struct mr_config *config, uv_loop_t *loop, int wake_fd,
                              struct mr_timers *timers, struct mr_slot *slot,
                              const struct mr_producer *via, const struct mr_inbox_events *events,
                              void *data);

enum mr_inbox_says {
    MR_INBOX_LISTENS,
    MR_INBOX_WAITS, /* `listening` or `deaf` follows */
    MR_INBOX_DEAF,  /* with `why`; it is tried on */
};
/* A request wants the topic to be listened to. Sees to it that it is, for as long as that takes;
 * one that never was, and cannot be until somebody does something, is forgotten a minute after the
 * last request. */
enum mr_inbox_says mr_inbox_want(struct mr_inbox *inbox, const char *name, char *why, size_t size);
/* The same for one of the configuration's, which is never forgotten. */
void mr_inbox_keep(struct mr_inbox *inbox, const char *name);
/* Takes the faults that the cluster shows of its topics at this moment. */
void mr_inbox_shown(struct mr_inbox *inbox, const struct mr_cluster_fault *faults, size_t count);
/* True, with `why`, if a topic is not read, so that the worker is not ready: one that was read
 * before, or that may not be and is configured or was wanted within the last minute. */
bool mr_inbox_troubled(const struct mr_inbox *inbox, char *why, size_t size);
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
