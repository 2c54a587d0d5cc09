#include "worker/runtime/master_channel.h"

#include <string.h>

#include "base/log.h"

static void lose(struct mr_master_channel *link)
{
    if (link->gone)
        return;
    link->gone = true;
    uv_poll_stop(&link->poll);
    link->events->gone(link->data);
}

void mr_master_channel_read(struct mr_master_channel *link)
{
    struct mr_frame frame;
    if (link->gone || link->reading || uv_is_closing((const uv_handle_t *)&link->poll))
        return;
    link->reading = true;
    int filled = mr_channel_fill(&link->channel);
    int got;
    while ((got = mr_channel_next(&link->channel, &frame)) == 1)
        link->events->frame(link->data, &frame);
    link->reading = false;
    if (filled < 0 || got < 0)
        lose(link);
}

static void flush(struct mr_master_channel *link);

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct mr_master_channel *link = poll->data;
    if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)))
        mr_master_channel_read(link);
    if (!link->gone && (events & UV_WRITABLE))
        flush(link);
}

static void watch(struct mr_master_channel *link)
{
    int wanted = UV_READABLE | (mr_channel_pending(&link->channel) ? UV_WRITABLE : 0);
    if (!link->gone)
        uv_poll_start(&link->poll, wanted, on_ready);
}

static void flush(struct mr_master_channel *link)
{
    if (!link->gone && mr_channel_flush(&link->channel) < 0)
        lose(link);
    else
        watch(link);
}

void mr_master_channel_start(struct mr_master_channel *link, uv_loop_t *loop, int fd,
                             const struct mr_master_channel_events *events, void *data)
{
    *link = (struct mr_master_channel){.events = events, .data = data};
    mr_channel_init(&link->channel, fd);
    uv_poll_init(loop, &link->poll, fd);
    link->poll.data = link;
    watch(link);
}

void mr_master_channel_loaded(struct mr_master_channel *link, uint64_t generation)
{
    mr_channel_put_u64(&link->channel, MR_FRAME_LOADED, generation);
    flush(link);
}

void mr_master_channel_refused(struct mr_master_channel *link, uint64_t generation, const char *why,
                               int exit_code)
{
    struct mr_buf body = {0};
    mr_buf_put_u64(&body, generation);
    mr_buf_put_bytes(&body, why, strlen(why));
    mr_buf_put_u64(&body, (uint64_t)exit_code);
    mr_channel_put(&link->channel, MR_FRAME_REFUSED, (struct mr_bytes){body.data, body.length});
    mr_buf_free(&body);
    flush(link);
}

void mr_master_channel_buried(struct mr_master_channel *link, const struct mr_message_id *id)
{
    char none[] = "";
    struct mr_buf body = {0};
    mr_poison_encode(&(struct mr_poison){.id = *id, .cause = none}, &body);
    mr_channel_put(&link->channel, MR_FRAME_BURIED, (struct mr_bytes){body.data, body.length});
    mr_buf_free(&body);
    watch(link); /* the loop sends it, because the caller is amid other things */
}
