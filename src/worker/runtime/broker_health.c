#include "worker/runtime/broker_health.h"

#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "kafka/cluster.h"

enum { QUESTION_TIMEOUT_MS = 2000, RETRY_MS = 500, LOOK_MS = 3000 };

static void ask(struct mr_broker_health *broker);

static void on_retry(struct mr_timer *timer)
{
    ask(MR_CONTAINER(timer, struct mr_broker_health, retry));
}

static void set_state(struct mr_broker_health *broker, enum mr_broker_state state)
{
    if (broker->state == state)
        return;
    broker->state = state;
    mr_cell_set(&broker->slot->broker, state);
    if (state == MR_BROKER_UP)
        mr_log(MR_LOG_INFO, "broker_reachable", MR_S("message", "the Kafka cluster answers"));
    else
        mr_log(MR_LOG_ERROR, "broker_unreachable", MR_S("brokers", broker->addresses),
               MR_S("message", "no broker of kafka.brokers answers, and the worker keeps trying: "
                               "check the addresses and that Kafka runs"));
    broker->changed(broker->data);
}

/* Runs on a thread of the pool: writes nothing but the answer. */
static void do_ask(uv_work_t *work)
{
    struct mr_broker_health *broker = work->data;
    mr_cluster_look(broker->via, &broker->look, QUESTION_TIMEOUT_MS);
}

static void after_ask(uv_work_t *work, int status)
{
    struct mr_broker_health *broker = work->data;
    (void)status;
    broker->asking = false;
    if (broker->stopping)
        return;
    bool answered = broker->look.answered;
    memcpy(broker->faults, broker->look.faults, sizeof(broker->faults));
    broker->fault_count = broker->look.count;
    set_state(broker, answered ? MR_BROKER_UP : MR_BROKER_DOWN);
    mr_timers_arm(broker->timers, &broker->retry, mr_clock_ms() + (answered ? LOOK_MS : RETRY_MS),
                  on_retry);
}

static void ask(struct mr_broker_health *broker)
{
    broker->asking = true;
    broker->question.data = broker;
    uv_queue_work(broker->loop, &broker->question, do_ask, after_ask);
}

void mr_broker_health_start(struct mr_broker_health *broker, uv_loop_t *loop,
                            struct mr_timers *timers, struct mr_slot *slot,
                            const struct mr_producer *via, const char *addresses,
                            void (*changed)(void *data), void *data)
{
    *broker = (struct mr_broker_health){.addresses = addresses,
                                        .loop = loop,
                                        .timers = timers,
                                        .slot = slot,
                                        .via = via,
                                        .changed = changed,
                                        .data = data};
    mr_cell_set(&slot->broker, MR_BROKER_UNKNOWN);
    ask(broker);
}

void mr_broker_health_suspect(struct mr_broker_health *broker)
{
    if (broker->asking || broker->stopping || broker->state == MR_BROKER_DOWN)
        return;
    mr_timers_cancel(broker->timers, &broker->retry);
    ask(broker);
}

void mr_broker_health_stop(struct mr_broker_health *broker)
{
    broker->stopping = true;
    mr_timers_cancel(broker->timers, &broker->retry);
}
