#include "worker/warmup.h"

#include <stdlib.h>

#include "base/panic.h"
#include "kafka/cluster.h"

/* Names are the senders' choice (reply-to): beyond this many, new ones take the slow way. */
enum { MOST_TOPICS = 10000, MOST_AT_ONCE = 1000, QUESTION_TIMEOUT_MS = 2000 };

struct topic {
    struct mr_warmup *warmup;
    char *name;
    uv_work_t question;
};

void mr_warmup_start(struct mr_warmup *warmup, uv_loop_t *loop, const struct mr_producer *via)
{
    *warmup = (struct mr_warmup){.loop = loop, .via = via};
}

/* On a thread of the pool: librdkafka remembers the answer, and it is all that is wanted. */
static void do_ask(uv_work_t *work)
{
    char why[256];
    struct topic *topic = work->data;
    mr_cluster_topic(topic->warmup->via, topic->name, false, 0, QUESTION_TIMEOUT_MS, why,
                     sizeof(why));
}

static void after_ask(uv_work_t *work, int status)
{
    struct topic *topic = work->data;
    (void)status;
    topic->warmup->asking--;
}

void mr_warmup_topic(struct mr_warmup *warmup, const char *topic)
{
    if (mr_idmap_get(&warmup->seen, mr_bytes_of(topic)) != NULL || warmup->stopping ||
        warmup->seen.count >= MOST_TOPICS || warmup->asking >= MOST_AT_ONCE)
        return;
    struct topic *asked = mr_alloc(sizeof(*asked));
    asked->warmup = warmup;
    asked->name = mr_strdup(topic);
    asked->question.data = asked;
    mr_idmap_put(&warmup->seen, mr_bytes_of(asked->name), asked);
    warmup->asking++;
    uv_queue_work(warmup->loop, &asked->question, do_ask, after_ask);
}

void mr_warmup_stop(struct mr_warmup *warmup)
{
    warmup->stopping = true;
}

static void free_topic(void *value)
{
    struct topic *topic = value;
    free(topic->name);
    free(topic);
}

void mr_warmup_free(struct mr_warmup *warmup)
{
    MR_ASSERT(warmup->asking == 0);
    mr_idmap_drain(&warmup->seen, free_topic);
}
