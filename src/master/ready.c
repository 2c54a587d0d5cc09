#include "master/ready.h"

#include "base/log.h"
#include "base/panic.h"
#include "master/health.h"

static void say_late(struct mr_ready *ready, const struct mr_view *view)
{
    struct mr_buf reasons = {0};
    ready->said_late = true;
    mr_health_text(view, MR_HEALTH_READY, &reasons);
    struct mr_bytes text = {reasons.data, reasons.length - 1}; /* without the last newline */
    mr_log(MR_LOG_WARN, "not_ready", MR_B("message", text));
    mr_buf_free(&reasons);
}

static void on_timer(uv_timer_t *timer)
{
    struct mr_ready *ready = timer->data;
    struct mr_view view = {0};
    ready->look(ready->context, &view);
    if (mr_health_well(&view, MR_HEALTH_READY)) {
        mr_log(MR_LOG_INFO, "ready", MR_I("workers", view.board->slot_count),
               MR_I("ms", view.now - view.started));
        uv_timer_stop(timer);
        ready->ready(ready->context);
    } else if (!ready->said_late && view.now - view.started >= MR_READY_LATE) {
        say_late(ready, &view);
    }
}

void mr_ready_start(struct mr_ready *ready, uv_loop_t *loop)
{
    MR_ASSERT(uv_timer_init(loop, &ready->timer) == 0);
    ready->timer.data = ready;
    uv_timer_start(&ready->timer, on_timer, MR_READY_LOOK, MR_READY_LOOK);
}

void mr_ready_stop(struct mr_ready *ready)
{
    uv_timer_stop(&ready->timer);
}

void mr_ready_close(struct mr_ready *ready)
{
    uv_close((uv_handle_t *)&ready->timer, NULL);
}
