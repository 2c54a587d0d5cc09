#include "master/reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/print.h"
#include "config/log_settings.h"
#include "config/restart_keys.h"

struct mr_reload {
    const struct mr_master_options *options;
    struct mr_reload_host host;
    void *context;
    struct mr_rollout *rollout;
    uint64_t generation; /* of the last reading; never used again, even if refused */
    uint64_t counts[MR_RELOAD_RESULTS];
    bool queued, stopped;
    uv_timer_t limit; /* ends the candidate's time */
    uv_timer_t again; /* starts the queued reload from the loop, not within the end of another */
    int open_timers;
};

static void on_tried(void *context);
static void on_refused(void *context, struct mr_bytes why, int code);
static void on_accepted(void *context, const struct mr_snapshot *before,
                        const struct mr_snapshot *now);
static void on_send(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body);
static void on_unfit(void *context, uint64_t slot, struct mr_bytes why);

static const struct mr_rollout_host rollout_host = {on_send, on_tried, on_accepted, on_refused,
                                                    on_unfit};

struct mr_reload *mr_reload_new(uv_loop_t *loop, const struct mr_master_options *options,
                                struct mr_snapshot *first, uint64_t slot_count,
                                const struct mr_reload_host *host, void *context)
{
    struct mr_reload *reload = mr_alloc(sizeof(*reload));
    *reload =
        (struct mr_reload){.options = options, .host = *host, .context = context, .open_timers = 2};
    reload->generation = first->generation;
    MR_ASSERT(uv_timer_init(loop, &reload->limit) == 0);
    MR_ASSERT(uv_timer_init(loop, &reload->again) == 0);
    reload->limit.data = reload->again.data = reload;
    reload->rollout = mr_rollout_new(&rollout_host, reload, slot_count);
    mr_rollout_begin(reload->rollout, first);
    return reload;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct mr_reload *reload = handle->data;
    if (--reload->open_timers > 0)
        return;
    mr_rollout_free(reload->rollout);
    free(reload);
}

void mr_reload_free(struct mr_reload *reload)
{
    if (reload == NULL)
        return;
    uv_close((uv_handle_t *)&reload->limit, on_timer_closed);
    uv_close((uv_handle_t *)&reload->again, on_timer_closed);
}

struct mr_rollout *mr_reload_rollout(struct mr_reload *reload)
{
    return reload->rollout;
}

uint64_t mr_reload_count(const struct mr_reload *reload, enum mr_reload_result result)
{
    return reload->counts[result];
}

void mr_reload_stop(struct mr_reload *reload)
{
    reload->stopped = true;
    uv_timer_stop(&reload->limit);
    uv_timer_stop(&reload->again);
}

/* --- the beginning --- */

/* Logs each line of the text as an error of its own. */
static void log_lines(const char *event, struct mr_bytes text)
{
    while (text.length > 0) {
        const char *end = memchr(text.data, '\n', text.length);
        size_t length = end ? (size_t)(end - text.data) : text.length;
        if (length > 0)
            mr_log(MR_LOG_ERROR, event, MR_B("message", ((struct mr_bytes){text.data, length})));
        size_t used = end ? length + 1 : length;
        text = (struct mr_bytes){text.data + used, text.length - used};
    }
}

static void note_refusal(struct mr_reload *reload, struct mr_bytes why)
{
    reload->counts[MR_RELOAD_FAILED]++;
    log_lines("reload_refused", why);
}

static void on_limit(uv_timer_t *timer)
{
    mr_rollout_expired(((struct mr_reload *)timer->data)->rollout);
}

static void log_restart(void *context, const char *name, const char *value)
{
    (void)context;
    (void)value;
    mr_log(MR_LOG_WARN, "reload_needs_restart", MR_S("key", name),
           MR_S("message", "this change takes effect when the router restarts"));
}

static void begin(struct mr_reload *reload, struct mr_snapshot *candidate)
{
    const struct mr_snapshot *running = mr_rollout_accepted(reload->rollout);
    mr_config_restart_differences(running->config, candidate->config, log_restart, NULL);
    mr_config_keep(candidate->config, running->config);
    uv_timer_start(&reload->limit, on_limit, MR_RELOAD_TIME, 0);
    mr_rollout_begin(reload->rollout, candidate);
}

static void read_and_begin(struct mr_reload *reload)
{
    struct mr_errors errors = {0};
    struct mr_snapshot *candidate =
        reload->options->read(reload->options->context, ++reload->generation, &errors);
    if (candidate != NULL)
        begin(reload, candidate);
    else
        note_refusal(reload, (struct mr_bytes){errors.text.data, errors.text.length});
    mr_errors_free(&errors);
}

void mr_reload_request(struct mr_reload *reload)
{
    if (reload->stopped)
        return;
    if (mr_rollout_busy(reload->rollout))
        reload->queued = true;
    else
        read_and_begin(reload);
}

static void on_again(uv_timer_t *timer)
{
    mr_reload_request(timer->data);
}

static void finish(struct mr_reload *reload)
{
    uv_timer_stop(&reload->limit);
    if (reload->queued && !reload->stopped)
        uv_timer_start(&reload->again, on_again, 0, 0);
    reload->queued = false;
}

/* --- what the rollout reports --- */

static void on_send(void *context, uint64_t slot, enum mr_frame_kind kind, struct mr_bytes body)
{
    struct mr_reload *reload = context;
    reload->host.send(reload->context, slot, kind, body);
}

static void on_unfit(void *context, uint64_t slot, struct mr_bytes why)
{
    struct mr_reload *reload = context;
    reload->host.unfit(reload->context, slot, why);
}

/* At the start there is no limit. */
static void on_tried(void *context)
{
    struct mr_reload *reload = context;
    if (mr_rollout_accepted(reload->rollout) != NULL && !reload->stopped)
        uv_timer_start(&reload->limit, on_limit, MR_RELOAD_TIME, 0);
}

static bool same(const struct mr_config *before, const struct mr_config *now, const char *key)
{
    return strcmp(mr_config_string(before, key), mr_config_string(now, key)) == 0;
}

static void follow_log(const struct mr_config *before, const struct mr_config *now)
{
    if (same(before, now, "log.level") && same(before, now, "log.format"))
        return;
    int result = mr_log_settings(now, "master");
    if (result != 0)
        mr_log(MR_LOG_ERROR, "log_open_failed", MR_S("message", strerror(-result)));
}

static void on_accepted(void *context, const struct mr_snapshot *before,
                        const struct mr_snapshot *now)
{
    struct mr_reload *reload = context;
    if (reload->options->accepted != NULL)
        reload->options->accepted(reload->options->context);
    if (before != NULL) {
        follow_log(before->config, now->config);
        reload->counts[MR_RELOAD_OK]++;
        mr_log(MR_LOG_INFO, "reload_done", MR_I("generation", now->generation),
               MR_I("files", now->file_count));
    }
    finish(reload);
}

static void on_refused(void *context, struct mr_bytes why, int code)
{
    struct mr_reload *reload = context;
    if (reload->stopped)
        return;
    if (mr_rollout_accepted(reload->rollout) == NULL) {
        mr_print_bytes(stderr, why);
        reload->host.failed(reload->context, code);
        return;
    }
    note_refusal(reload, why);
    finish(reload);
}

/* --- what workers report --- */

static int exit_code_of(uint64_t said)
{
    return said == MR_EXIT_CONFIG ? MR_EXIT_CONFIG : MR_EXIT_DATA;
}

void mr_reload_frame(struct mr_reload *reload, uint64_t slot, const struct mr_frame *frame)
{
    struct mr_reader reader = {frame->body.data, frame->body.data + frame->body.length, false};
    uint64_t generation = mr_reader_u64(&reader);
    if (frame->kind == MR_FRAME_LOADED) {
        mr_rollout_loaded(reload->rollout, slot, generation);
    } else if (frame->kind == MR_FRAME_REFUSED) {
        struct mr_bytes why = mr_reader_bytes(&reader);
        int code = exit_code_of(mr_reader_u64(&reader));
        mr_rollout_refused(reload->rollout, slot, generation, why, code);
    }
}
