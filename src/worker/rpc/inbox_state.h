/* What the rooms of the inbox share (inbox.c, inbox_lookup.c, inbox_topic.c); seen nowhere else. */
#ifndef MR_WORKER_RPC_INBOX_STATE_H
#define MR_WORKER_RPC_INBOX_STATE_H

#include "kafka/consumer/listener.h"
#include "worker/rpc/deaf.h"
#include "worker/rpc/reply_inbox.h"

enum mr_inbox_topic_state {
    MR_INBOX_LOOKING,
    MR_INBOX_FAILED,
    MR_INBOX_OPENING, /* its partitions are with the listener */
    MR_INBOX_LISTENING
};

struct mr_inbox_topic {
    struct mr_inbox *inbox;
    char *name;
    enum mr_inbox_topic_state state;
    bool kept;       /* the configuration names it */
    bool listened;   /* it was, once */
    uint64_t wanted; /* ms, by a request */
    uv_work_t lookup;
    bool looking;
    struct mr_timer again; /* the lookup */
    int32_t found;         /* partitions, or less, written by the lookup */
    int32_t partitions;    /* that are listened to */
    char why[256];         /* likewise */
    char detail[256];      /* of the last lookup that ended */
    struct mr_deafness deafness;
    enum mr_deaf told; /* of it */
    struct mr_inbox_topic *next;
};

struct mr_inbox {
    const struct mr_config *config;
    uv_loop_t *loop;
    int wake_fd;
    struct mr_timers *timers;
    struct mr_slot *slot;
    const struct mr_producer *via;
    struct mr_listener *listener; /* NULL until a topic is wanted */
    const struct mr_listener_events *hears;
    struct mr_inbox_topic *topics;
    size_t lookups;
    bool stopping;
    const struct mr_inbox_events *events;
    void *data;
};

/* inbox_topic.c */
/* Tells what is wrong with the topic when that has changed, once. */
void mr_inbox_judge(struct mr_inbox_topic *topic);
/* Writes what is wrong with the topic. */
void mr_inbox_describe(const struct mr_inbox_topic *topic, char *text, size_t size);
void mr_inbox_show(const struct mr_inbox *inbox); /* how many are deaf */
/* The configuration names it, or a request wanted it within the last minute. */
bool mr_inbox_is_recent(const struct mr_inbox_topic *topic);
/* Makes it when it is wanted first; NULL, logged, when that fails. */
struct mr_listener *mr_inbox_listener(struct mr_inbox *inbox);

/* inbox_lookup.c: asks for a topic, creates it where it may, and gives it to the listener; then
 * asks again and again, for new partitions. */
void mr_inbox_look_up(struct mr_inbox_topic *topic);
void mr_inbox_look_up_after(struct mr_inbox_topic *topic, uint64_t ms); /* unless it is looking */
enum { MR_INBOX_REFRESH_MS = 10000 };

#endif
