#include "master/link.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/panic.h"

struct mr_link {
    uint64_t slot;
    pid_t pid;
    struct mr_channel channel; /* fd -1: closed */
    uv_poll_t poll;
    mr_link_frame_fn *on_frame;
    void *context;
};

static void on_poll(uv_poll_t *poll, int status, int events);

struct mr_link *mr_link_new(uv_loop_t *loop, int fd, uint64_t slot, pid_t pid,
                            mr_link_frame_fn *on_frame, void *context)
{
    struct mr_link *link = mr_alloc(sizeof(*link));
    *link = (struct mr_link){.slot = slot, .pid = pid, .on_frame = on_frame, .context = context};
    mr_channel_init(&link->channel, fd);
    MR_ASSERT(uv_poll_init(loop, &link->poll, fd) == 0);
    link->poll.data = link;
    uv_poll_start(&link->poll, UV_READABLE, on_poll);
    return link;
}

/* The buffers stay: somebody up the stack may still look at a frame in them. */
static void disconnect(struct mr_link *link)
{
    if (link->channel.fd < 0)
        return;
    uv_poll_stop(&link->poll);
    close(link->channel.fd);
    link->channel.fd = -1;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct mr_link *link = handle->data;
    mr_channel_close(&link->channel);
    free(link);
}

void mr_link_free(struct mr_link *link)
{
    disconnect(link);
    uv_close((uv_handle_t *)&link->poll, on_poll_closed);
}

/* A worker that closed its end is ending, and is collected soon; any other cannot be understood or
 * reached any more. */
static void give_up(struct mr_link *link, int error)
{
    disconnect(link);
    if (error == -EPIPE)
        return;
    mr_log(MR_LOG_ERROR, "worker_channel_broken", MR_I("worker", link->slot),
           MR_I("pid", link->pid), MR_S("message", strerror(-error)));
    kill(link->pid, SIGKILL);
}

/* Where nothing can be sent any more there may be last words to read; their end tells that the
 * worker is gone. */
static void flush(struct mr_link *link)
{
    int left = mr_channel_flush(&link->channel);
    if (left < 0)
        mr_channel_drop(&link->channel);
    uv_poll_start(&link->poll, UV_READABLE | (left == 1 ? UV_WRITABLE : 0), on_poll);
}

static void take_frames(struct mr_link *link)
{
    struct mr_frame frame;
    int result;
    while ((result = mr_channel_next(&link->channel, &frame)) > 0)
        link->on_frame(link->context, link->slot, &frame);
    if (result < 0)
        give_up(link, result);
}

void mr_link_drain(struct mr_link *link)
{
    if (link->channel.fd < 0)
        return;
    int result = mr_channel_fill(&link->channel);
    take_frames(link);
    if (result < 0)
        give_up(link, result);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct mr_link *link = poll->data;
    if (status < 0 || (events & UV_READABLE))
        mr_link_drain(link);
    if (link->channel.fd >= 0 && (events & UV_WRITABLE))
        flush(link);
}

void mr_link_send(struct mr_link *link, enum mr_frame_kind kind, struct mr_bytes body)
{
    if (link->channel.fd < 0)
        return;
    mr_channel_put(&link->channel, kind, body);
    flush(link);
}
