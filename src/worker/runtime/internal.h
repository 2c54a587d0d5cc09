/* The state of the running worker. Only worker.c, turn.c, reload.c, events.c, topic_sync.c,
 * shutdown.c and slot_state.c see it. */
#ifndef MR_WORKER_RUNTIME_INTERNAL_H
#define MR_WORKER_RUNTIME_INTERNAL_H

#include <uv.h>

#include "base/scoreboard.h"
#include "base/timers.h"
#include "config/snapshot.h"
#include "worker/consumer/groups.h"
#include "worker/handler/dispatch.h"
#include "worker/handler/halt.h"
#include "worker/handler/intake.h"
#include "worker/routing/topic_creation.h"
#include "worker/routing/topic_metadata.h"
#include "worker/runtime/broker_health.h"
#include "worker/runtime/master_channel.h"
#include "worker/runtime/serving.h"

enum mr_phase {
    MR_PHASE_WORKING,
    MR_PHASE_FINISHING,  /* waits for handlers and records on their way; starts nothing new */
    MR_PHASE_COMMITTING, /* waits until their offsets are committed */
    MR_PHASE_FINISHED,   /* if all workers stop, waits until all have finished */
    MR_PHASE_LEAVING,    /* leaves its groups */
    MR_PHASE_DONE,
};

struct mr_worker {
    uint64_t number;
    uv_loop_t loop;
    int wake_fd, reports_fd; /* written by librdkafka; the second for reports of records */
    uv_poll_t wake, reports;
    uint64_t took;       /* ms, when messages were taken last */
    uv_idle_t more;      /* runs while a turn leaves work behind */
    uv_prepare_t asleep; /* the loop is about to wait */
    uint64_t ran;        /* ns, how long handlers ran since messages were taken last */
    uv_timer_t alarm, heartbeat;
    uv_signal_t terminate;
    struct mr_scoreboard board;
    struct mr_slot *slot;
    struct mr_master_channel link;
    struct mr_timers timers;
    struct mr_vm *vm;
    struct mr_snapshot *snapshot; /* in force */
    struct mr_snapshot *kafka;    /* the first one; its kafka settings are in force until the end */
    struct mr_outbox *outbox;
    struct mr_rpc *rpc;
    struct mr_transaction *transaction;
    struct mr_groups *groups;
    struct mr_broker_health broker;
    struct mr_serving serving;
    struct mr_topic_metadata *catalogue;
    struct mr_topic_creation *provision;
    bool unprovided; /* the provision has yet to look at the topics */
    struct mr_dispatch dispatch;
    struct {
        struct mr_snapshot *snapshot;
        struct mr_routes *routes;
    } prepared;
    uint64_t uncrowded; /* ms, when the worker was last not crowded */
    bool long_crowded;  /* crowded for long: partitions are paused */
    enum mr_phase phase;
    uint64_t phase_ends;  /* ms */
    uint64_t cancel_at;   /* ms, while stopping: when open requests are cancelled */
    struct mr_timer look; /* while stopping */
    bool failed;          /* a Kafka client failed for good: the worker ends, to be replaced */
    bool fenced;          /* failed because another member has its name in a group */
    bool full;            /* its scripts keep too much memory: it ends likewise */
    bool all_stop;        /* every worker stops, not this one alone */
};

/* turn.c: one turn of the loop handles everything that has come and all that follows. */
void mr_worker_start_turning(struct mr_worker *worker); /* starts wake-ups, timers, heartbeat */
void mr_worker_turn(struct mr_worker *worker);
/* Returns true if there is room for one more message of the consumer now. */
bool mr_worker_has_room(const struct mr_worker *worker, const struct mr_consumer *consumer);
/* slot_state.c: shows the worker's state to the master, in its slot, if it has changed. */
void mr_worker_show_state(struct mr_worker *worker);

/* events.c: how the worker reacts to its groups, its outbox, its transactions, its requests and the
 * broker. Each has the worker as data. */
extern const struct mr_groups_events mr_worker_groups_events;
extern const struct mr_outbox_events mr_worker_outbox_events;
extern const struct mr_transaction_events mr_worker_transaction_events;
extern const struct mr_rpc_events mr_worker_rpc_events;
void mr_worker_broker_changed(void *data); /* passes on whether a broker answers */

/* reload.c: snapshots from the master. */
void mr_worker_prepare(struct mr_worker *worker, struct mr_bytes body); /* reports the result */
void mr_worker_switch(struct mr_worker *worker);                        /* to the prepared one */
void mr_worker_discard(struct mr_worker *worker); /* the prepared one, if any */

/* topic_sync.c: the topics of the cluster, and what follows from them. */
void mr_worker_doubt_topics(void *data); /* finds and creates missing topics */
/* Logs the retry topics that the routes leave behind when `next` replaces them. Call it once,
 * before that. */
void mr_worker_leave_topics(struct mr_worker *worker, struct mr_routes *next);
void mr_worker_use_topics(struct mr_worker *worker); /* call it after new routes */
/* Sets the groups and subscriptions to those of the routes and of the topics that exist. */
void mr_worker_subscribe(struct mr_worker *worker);
void mr_worker_heard(void *data, bool changed); /* called by the catalogue */
/* Asks for the routes' missing topics, so that a broker that creates topics on demand does so. A
 * group cannot be joined while none of its topics exists. Existing topics are left out: a
 * producer's thread goes through all partitions that it knows, at each wake-up. */
void mr_worker_expect_topics(struct mr_worker *worker);

/* shutdown.c: the graceful stop, within shutdown_timeout. If it has begun already,
 * mr_worker_begin_stop() does nothing. */
void mr_worker_begin_stop(struct mr_worker *worker, bool all_stop, const char *why);
void mr_worker_stop_further(struct mr_worker *worker); /* call it every turn while stopping */

#endif
