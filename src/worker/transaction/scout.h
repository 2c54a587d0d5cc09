/* Checks in the background whether an output topic in trouble has its leaders back. A transaction
 * that tries the topic while a leader is away would lose its id: see txn_producer.h. */
#ifndef MR_WORKER_TRANSACTION_SCOUT_H
#define MR_WORKER_TRANSACTION_SCOUT_H

#include <uv.h>

#include "kafka/cluster.h"
#include "worker/producer/topic_warmup.h"

struct mr_scout {
    struct mr_topic_warmup *warmup; /* its producer is asked; it counts the open question */
    void (*found)(void *data, const char *topic, enum mr_led led);
    void *data;
    uv_work_t question;
    char *topic; /* NULL: no question is open */
    enum mr_led led;
};

/* Asks for the topic's leaders; `found` follows. Does nothing if a question is open, or if the
 * warm-up is closed. */
void mr_scout_ask(struct mr_scout *scout, const char *topic);

#endif
