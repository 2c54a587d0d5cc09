#include "master/line.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/panic.h"

struct mr_line {
    uint64_t slot;
    pid_t pid;
    struct mr_channel channel;
    bool broken; /* no more frames in or out */
    uv_poll_t poll;
    mr_line_frame_fn *on_frame;
    void *context;
};

static void on_poll(uv_poll_t *poll, int status, int events);

struct mr_line *mr_line_new(uv_loop_t *loop, int fd, uint64_t slot, pid_t pid,
                            mr_line_frame_fn *on_frame, void *context)
{
    struct mr_line *line = mr_alloc(sizeof(*line));
    *line = (struct mr_line){.slot = slot, .pid = pid, .on_frame = on_frame, .context = context};
    mr_channel_init(&line->channel, fd);
    MR_ASSERT(uv_poll_init(loop, &line->poll, fd) == 0);
    line->poll.data = line;
    uv_poll_start(&line->poll, UV_READABLE, on_poll);
    return line;
}

/* Stops the traffic, but keeps the channel until the handle is closed. A caller up the stack may
 * still read a frame in it. Closing the handle takes the descriptor's number out of the loop; the
 * number must not belong to another worker before that. */
static void disconnect(struct mr_line *line)
{
    uv_poll_stop(&line->poll);
    line->broken = true;
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct mr_line *line = handle->data;
    mr_channel_close(&line->channel);
    free(line);
}

void mr_line_free(struct mr_line *line)
{
    disconnect(line);
    uv_close((uv_handle_t *)&line->poll, on_poll_closed);
}

/* Disconnects the worker. If it closed its end, it is ending and is collected soon. After any other
 * error it can no longer be understood or reached, so it is killed. */
static void give_up(struct mr_line *line, int error)
{
    disconnect(line);
    if (error == -EPIPE)
        return;
    mr_log(MR_LOG_ERROR, "worker_channel_broken", MR_I("worker", line->slot),
           MR_I("pid", line->pid), MR_S("message", strerror(-error)));
    kill(line->pid, SIGKILL);
}

/* Sends the queued frames. If sending fails, drops them and keeps reading: last frames may still
 * come. The end of the input then shows that the worker has ended. */
static void flush(struct mr_line *line)
{
    int left = mr_channel_flush(&line->channel);
    if (left < 0)
        mr_channel_drop(&line->channel);
    uv_poll_start(&line->poll, UV_READABLE | (left == 1 ? UV_WRITABLE : 0), on_poll);
}

static void take_frames(struct mr_line *line)
{
    struct mr_frame frame;
    int result;
    while ((result = mr_channel_next(&line->channel, &frame)) > 0)
        line->on_frame(line->context, line->slot, &frame);
    if (result < 0)
        give_up(line, result);
}

void mr_line_drain(struct mr_line *line)
{
    if (line->broken)
        return;
    int result = mr_channel_fill(&line->channel);
    take_frames(line);
    if (result < 0)
        give_up(line, result);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct mr_line *line = poll->data;
    if (status < 0 || (events & UV_READABLE))
        mr_line_drain(line);
    if (!line->broken && (events & UV_WRITABLE))
        flush(line);
}

void mr_line_send(struct mr_line *line, enum mr_frame_kind kind, struct mr_bytes body)
{
    if (line->broken)
        return;
    mr_channel_put(&line->channel, kind, body);
    flush(line);
}
