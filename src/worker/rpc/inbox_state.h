/* The state of the reply inbox, shared by reply_inbox.c and the files inbox_*.c, and seen
 * nowhere else. */
#ifndef MR_WORKER_RPC_INBOX_STATE_H
#define MR_WORKER_RPC_INBOX_STATE_H

#include "kafka/consumer/listener.h"
#include "worker/rpc/deaf.h"
#include "worker/rpc/reply_inbox.h"

enum mr_inbox_topic_state {
    MR_INBOX_LOOKING,
    MR_INBOX_FAILED,
    MR_INBOX_OPENING, /* the listener has its partitions */
    MR_INBOX_LISTENING
};

struct mr_inbox_topic {
    struct mr_inbox *inbox;
    char *name;
    enum mr_inbox_topic_state state;
    bool kept;       /* the configuration names it */
    bool listened;   /* it was read before */
    uint64_t wanted; /* ms, when a request wanted it last */
    size_t uses;     /* open requests whose answers come to it */
    uv_work_t lookup;
    bool looking;
    struct mr_timer again; /* starts the next lookup */
    struct mr_buf asked;   /* topics that requests ask, each with a NUL; the lookup reads them */
    bool created;          /* the lookup creates it, whatever is asked */
    bool unasked;          /* missing, and so is each of `asked`; written by the lookup */
    int32_t found;         /* partitions; 0: missing, less: an error; written by the lookup */
    int32_t partitions;    /* partitions that the listener has */
    char why[256];         /* if the lookup failed; written by it */
    char detail[256];      /* `why` of the last lookup that ended */
    struct mr_deafness deafness;
    enum mr_deaf told; /* the fault that was logged last */
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
/* Logs the topic's worst fault, once, if it has changed. */
void mr_inbox_judge(struct mr_inbox_topic *topic);
/* Writes what is wrong with the topic. */
void mr_inbox_describe(const struct mr_inbox_topic *topic, char *text, size_t size);
void mr_inbox_show(const struct mr_inbox *inbox); /* sets the gauge of topics not read */
/* Returns true if the configuration names the topic, or if a request wanted it within the last
 * minute. */
bool mr_inbox_is_recent(const struct mr_inbox_topic *topic);
/* Returns the listener, and makes it on the first call. If that fails, logs it and returns NULL. */
struct mr_listener *mr_inbox_listener(struct mr_inbox *inbox);

/* inbox_room.c */
enum { MR_INBOX_MOST = 256 };
/* Makes room for one more topic that only requests name. If there are MR_INBOX_MOST of them, closes
 * the one that no open request uses and that was not wanted for the longest time. Returns false if
 * all are in use. */
bool mr_inbox_make_room(struct mr_inbox *inbox);
/* Frees the topic, which is read no more. No request may use it, and no lookup of it may run. */
void mr_inbox_forget(struct mr_inbox_topic *topic);

/* inbox_lookup.c: looks a topic up, creates it if that is allowed, and gives it to the listener.
 * Then looks it up again and again, for new partitions. */
void mr_inbox_look_up(struct mr_inbox_topic *topic);
void mr_inbox_look_up_after(struct mr_inbox_topic *topic, uint64_t ms); /* unless one is running */
enum { MR_INBOX_REFRESH_MS = 10000 };

#endif
