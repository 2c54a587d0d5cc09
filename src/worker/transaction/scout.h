/* Looks whether an output topic in trouble has its leaders back, in the background. To try it in a
 * transaction while one is away would cost that transaction's id: see transactional.h. */
#ifndef MR_WORKER_TRANSACTION_SCOUT_H
#define MR_WORKER_TRANSACTION_SCOUT_H

#include <uv.h>

#include "kafka/cluster.h"
#include "worker/producer/topic_warmup.h"

struct mr_scout {
    struct mr_warmup *warmup; /* whose producer is asked, and which counts the question */
    void (*found)(void *data, const char *topic, enum mr_led led);
    void *data;
    uv_work_t question;
    char *topic; /* NULL: nothing is asked */
    enum mr_led led;
};

/* Nothing happens while a question is open, or the warming up is closed. */
void mr_scout_ask(struct mr_scout *scout, const char *topic);

#endif
