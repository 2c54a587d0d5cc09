/* Whether the cluster can be reached: asked in the background at start and whenever a client says
 * that it lost its brokers, until it answers. A state with a name, in the log and in the
 * scoreboard. */
#ifndef MR_WORKER_BROKER_H
#define MR_WORKER_BROKER_H

#include <stdbool.h>
#include <uv.h>

#include "base/scoreboard.h"
#include "base/timers.h"
#include "kafka/producer.h"

struct mr_broker {
    uv_loop_t *loop;
    struct mr_timers *timers;
    struct mr_slot *slot;
    const struct mr_producer *via;
    const char *addresses;
    enum mr_broker_state state;
    uv_work_t question;
    bool asking, answered, stopping;
    struct mr_timer retry;
    void (*changed)(void *data);
    void *data;
};

/* Begins to ask. `via`, and `addresses`, for the log, must outlive it; `changed` is called from the
 * loop when the state did. */
void mr_broker_start(struct mr_broker *broker, uv_loop_t *loop, struct mr_timers *timers,
                     struct mr_slot *slot, const struct mr_producer *via, const char *addresses,
                     void (*changed)(void *data), void *data);
void mr_broker_suspect(struct mr_broker *broker); /* a client lost its brokers: ask */
void mr_broker_stop(struct mr_broker *broker);

#endif
