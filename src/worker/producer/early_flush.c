#include "worker/producer/early_flush.h"

#include "base/panic.h"

enum { FLUSH_MS = 1 }; /* the default linger.ms (kafka/conf.c) is over after this time */

void mr_early_flush_start(struct mr_early_flush *hurry, const struct mr_config *config,
                          uv_loop_t *loop, const struct mr_producer *via)
{
    *hurry = (struct mr_early_flush){.loop = loop, .via = via};
    hurry->never = mr_config_is_set(config, "kafka.properties[\"linger.ms\"]") ||
                   mr_config_is_set(config, "kafka.properties[\"queue.buffering.max.ms\"]");
}

static void on_thread(uv_work_t *work)
{
    const struct mr_early_flush *hurry = work->data;
    mr_producer_flush(hurry->via, FLUSH_MS);
}

static void after_work(uv_work_t *work, int status)
{
    struct mr_early_flush *hurry = work->data;
    (void)status;
    hurry->under_way = false;
}

void mr_early_flush(struct mr_early_flush *hurry)
{
    if (hurry->under_way || hurry->never)
        return;
    hurry->under_way = true;
    hurry->work.data = hurry;
    uv_queue_work(hurry->loop, &hurry->work, on_thread, after_work);
}

void mr_early_flush_free(struct mr_early_flush *hurry)
{
    MR_ASSERT(!hurry->under_way);
}
