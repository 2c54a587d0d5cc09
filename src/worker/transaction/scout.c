#include "worker/transaction/scout.h"

#include <stdlib.h>

#include "base/panic.h"

enum { QUESTION_TIMEOUT_MS = 1000 };

/* Asks, on a thread of the pool. Writes nothing but the answer. */
static void do_ask(uv_work_t *work)
{
    struct mr_scout *scout = work->data;
    scout->led = MR_LED_NOT;
    if (atomic_load(&scout->warmup->open))
        scout->led = mr_cluster_led(scout->warmup->via, scout->topic, QUESTION_TIMEOUT_MS);
}

static void after_ask(uv_work_t *work, int status)
{
    struct mr_scout *scout = work->data;
    char *topic = scout->topic;
    (void)status;
    scout->topic = NULL;
    scout->warmup->asking--;
    scout->found(scout->data, topic, scout->led);
    free(topic);
}

void mr_scout_ask(struct mr_scout *scout, const char *topic)
{
    if (scout->topic != NULL || !atomic_load(&scout->warmup->open))
        return;
    scout->topic = mr_strdup(topic);
    scout->question.data = scout;
    scout->warmup->asking++;
    uv_queue_work(scout->warmup->loop, &scout->question, do_ask, after_ask);
}
