#include "worker/routing/topic_metadata.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/container.h"
#include "base/panic.h"

enum { QUESTION_TIMEOUT_MS = 2000, RETRY_MS = 1000 };

struct mr_topic_metadata {
    uv_loop_t *loop;
    struct mr_timers *timers;
    const struct mr_producer *via;
    mr_topic_metadata_heard_fn *heard;
    void *data;
    struct mr_timer next;
    uv_work_t question;
    bool asking, stopping;
    bool answered;                   /* written by the pool's thread, as is `answer` */
    struct mr_cluster_topics answer; /* to the question under way */
    bool known;
    struct mr_cluster_topics topics;
};

struct mr_topic_metadata *mr_topic_metadata_new(uv_loop_t *loop, struct mr_timers *timers,
                                                const struct mr_producer *via,
                                                mr_topic_metadata_heard_fn *heard, void *data)
{
    struct mr_topic_metadata *catalogue = mr_alloc(sizeof(*catalogue));
    *catalogue = (struct mr_topic_metadata){
        .loop = loop, .timers = timers, .via = via, .heard = heard, .data = data};
    catalogue->question.data = catalogue;
    return catalogue;
}

static bool same(const struct mr_cluster_topics *a, const struct mr_cluster_topics *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->rows[i].partitions != b->rows[i].partitions ||
            strcmp(a->rows[i].name, b->rows[i].name) != 0)
            return false;
    return true;
}

/* Runs on a thread of the pool: writes nothing but the answer. */
static void do_ask(uv_work_t *work)
{
    char why[256];
    struct mr_topic_metadata *catalogue = work->data;
    catalogue->answered = mr_cluster_topics(catalogue->via, &catalogue->answer, QUESTION_TIMEOUT_MS,
                                            why, sizeof(why)) == 0;
}

static void after_ask(uv_work_t *work, int status)
{
    struct mr_topic_metadata *catalogue = work->data;
    (void)status;
    catalogue->asking = false;
    if (catalogue->stopping)
        return;
    if (!catalogue->answered) {
        mr_topic_metadata_ask(catalogue, RETRY_MS);
        return;
    }
    bool changed = !catalogue->known || !same(&catalogue->topics, &catalogue->answer);
    mr_cluster_topics_free(&catalogue->topics);
    catalogue->topics = catalogue->answer;
    catalogue->answer = (struct mr_cluster_topics){0};
    catalogue->known = true;
    catalogue->heard(catalogue->data, changed);
}

static void on_next(struct mr_timer *timer)
{
    struct mr_topic_metadata *catalogue = MR_CONTAINER(timer, struct mr_topic_metadata, next);
    if (catalogue->asking) { /* its answer is too early for this request */
        mr_topic_metadata_ask(catalogue, RETRY_MS);
        return;
    }
    catalogue->asking = true;
    uv_queue_work(catalogue->loop, &catalogue->question, do_ask, after_ask);
}

void mr_topic_metadata_ask(struct mr_topic_metadata *catalogue, uint64_t within)
{
    uint64_t due = mr_clock_ms() + within;
    if (!catalogue->stopping && (catalogue->next.place == 0 || due < catalogue->next.due))
        mr_timers_arm(catalogue->timers, &catalogue->next, due, on_next);
}

const struct mr_cluster_topics *mr_topic_metadata_topics(const struct mr_topic_metadata *catalogue)
{
    return catalogue->known ? &catalogue->topics : NULL;
}

void mr_topic_metadata_stop(struct mr_topic_metadata *catalogue)
{
    catalogue->stopping = true;
    mr_timers_cancel(catalogue->timers, &catalogue->next);
}

void mr_topic_metadata_free(struct mr_topic_metadata *catalogue)
{
    MR_ASSERT(!catalogue->asking);
    mr_timers_cancel(catalogue->timers, &catalogue->next);
    mr_cluster_topics_free(&catalogue->answer);
    mr_cluster_topics_free(&catalogue->topics);
    free(catalogue);
}
