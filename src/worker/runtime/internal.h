/* What the rooms that make up the running worker share (worker.c, turn.c, load.c, stop.c,
 * slot_state.c); seen nowhere else. */
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
    MR_PHASE_FINISHING,  /* handlers and records on their way end; nothing new is begun */
    MR_PHASE_COMMITTING, /* what they did is committed */
    MR_PHASE_FINISHED,   /* waits until all workers are, where all stop */
    MR_PHASE_LEAVING,    /* leaves its groups */
    MR_PHASE_DONE,
};

struct mr_worker {
    uint64_t number;
    uv_loop_t loop;
    int wake_fd, reports_fd; /* written by librdkafka: the second one for reports of records */
    uv_poll_t wake, reports;
    uint64_t took;       /* ms, when messages were taken last */
    uv_idle_t more;      /* runs while a turn leaves work behind */
    uv_prepare_t asleep; /* the loop is about to wait */
    uint64_t ran;        /* ns, for which handlers ran between the last two takings of messages */
    uv_timer_t alarm, heartbeat;
    uv_signal_t terminate;
    struct mr_scoreboard board;
    struct mr_slot *slot;
    struct mr_link link;
    struct mr_timers timers;
    struct mr_vm *vm;
    struct mr_snapshot *snapshot; /* the one in force */
    struct mr_snapshot *kafka;    /* the first one: its kafka settings are in force until the end */
    struct mr_outbox *outbox;
    struct mr_rpc *rpc;
    struct mr_transaction *transaction;
    struct mr_groups *groups;
    struct mr_broker broker;
    struct mr_serving serving;
    struct mr_catalogue *catalogue;
    struct mr_provision *provision;
    bool unprovided; /* the routes are new to the provision */
    struct mr_dispatch dispatch;
    struct {
        struct mr_snapshot *snapshot;
        struct mr_routes *routes;
    } prepared;
    uint64_t uncrowded; /* ms, when there last was not too much on its way */
    bool long_crowded;  /* that is long ago: partitions are paused */
    enum mr_phase phase;
    uint64_t phase_ends;  /* ms */
    uint64_t cancel_at;   /* ms, of the stop: open requests are cancelled */
    struct mr_timer look; /* while stopping */
    bool failed;          /* a client of it has: it ends, so that the master starts another */
    bool fenced;          /* as another member has its name in a group */
    bool full;            /* its scripts keep too much memory: it ends likewise */
    bool all_stop;        /* every worker does, not this one alone */
};

/* turn.c: one turn of the loop does everything that has come and everything that follows from it.
 */
void mr_worker_start_turning(
    struct mr_worker *worker); /* wake-ups, timers and the heartbeat are on the loop */
void mr_worker_turn(struct mr_worker *worker);
/* For one more message of the consumer, now. */
bool mr_worker_has_room(const struct mr_worker *worker, const struct mr_consumer *consumer);
/* slot_state.c: shows the worker's state to the master, in its slot, if it has changed. */
void mr_worker_show_state(struct mr_worker *worker);

/* load.c: snapshots from the master. */
void mr_worker_prepare(struct mr_worker *worker,
                       struct mr_bytes body);     /* and tell the master how it went */
void mr_worker_switch(struct mr_worker *worker);  /* to what is prepared */
void mr_worker_discard(struct mr_worker *worker); /* what is prepared, if anything */

/* topics.c: what topics there are, and what follows from it. */
void mr_worker_doubt_topics(void *data); /* looks which are missing, and creates them */
/* Says which retry topics the routes leave behind that `next` replaces; once, before it does. */
void mr_worker_leave_topics(struct mr_worker *worker, struct mr_routes *next);
void mr_worker_use_topics(struct mr_worker *worker); /* there are new routes */
/* Makes the groups and subscriptions those of the routes, and the topics that there are. */
void mr_worker_subscribe(struct mr_worker *worker);
void mr_worker_heard(void *data, bool changed); /* from the catalogue */
/* Asks for the routes' topics that are missing, which lets a broker that creates topics do so: a
 * group cannot be joined while none of its topics is there. Not for the others: a producer's thread
 * goes through all partitions that it knows, at each wake-up. */
void mr_worker_expect_topics(struct mr_worker *worker);

/* stop.c: the graceful stop, within shutdown_timeout. */
void mr_worker_begin_stop(struct mr_worker *worker, bool all_stop,
                          const char *why);            /* once; again is nothing */
void mr_worker_stop_further(struct mr_worker *worker); /* what the phase allows, every turn */

#endif
