#include "base/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/panic.h"

struct header {
    uint32_t kind;
    uint32_t length;
};

/* One mr_channel_fill reads at most this much, so that the other end cannot occupy the loop. */
enum { READ_SIZE = 64 * 1024, READS_A_FILL = 16 };

void mr_channel_init(struct mr_channel *channel, int fd)
{
    *channel = (struct mr_channel){.fd = fd};
    MR_ASSERT(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0);
    MR_ASSERT(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
}

void mr_channel_close(struct mr_channel *channel)
{
    if (channel->fd >= 0)
        close(channel->fd);
    mr_buf_free(&channel->in);
    mr_buf_free(&channel->out);
    *channel = (struct mr_channel){.fd = -1};
}

void mr_channel_put(struct mr_channel *channel, enum mr_frame_kind kind, struct mr_bytes body)
{
    MR_ASSERT(body.length <= MR_FRAME_BODY_MAX);
    struct header header = {.kind = kind, .length = (uint32_t)body.length};
    mr_buf_append(&channel->out, &header, sizeof(header));
    mr_buf_append(&channel->out, body.data, body.length);
}

void mr_channel_put_u64(struct mr_channel *channel, enum mr_frame_kind kind, uint64_t value)
{
    mr_channel_put(channel, kind, (struct mr_bytes){(const char *)&value, sizeof(value)});
}

bool mr_channel_pending(const struct mr_channel *channel)
{
    return channel->sent < channel->out.length;
}

int mr_channel_flush(struct mr_channel *channel)
{
    while (mr_channel_pending(channel)) {
        ssize_t count = send(channel->fd, channel->out.data + channel->sent,
                             channel->out.length - channel->sent, MSG_NOSIGNAL);
        if (count >= 0)
            channel->sent += (size_t)count;
        else if (errno == EAGAIN)
            return 1;
        else if (errno != EINTR)
            return -errno;
    }
    mr_channel_drop(channel);
    return 0;
}

void mr_channel_drop(struct mr_channel *channel)
{
    mr_buf_clear(&channel->out);
    channel->sent = 0;
}

/* Frees the bytes of frames that mr_channel_next has returned. */
static void drop_taken(struct mr_channel *channel)
{
    mr_buf_consume(&channel->in, channel->taken);
    channel->taken = 0;
}

int mr_channel_fill(struct mr_channel *channel)
{
    drop_taken(channel);
    for (int reads = 0; reads < READS_A_FILL;) {
        char *to = mr_buf_reserve(&channel->in, READ_SIZE);
        ssize_t count = recv(channel->fd, to, READ_SIZE, 0);
        if (count == 0 || (count < 0 && errno == ECONNRESET))
            return -EPIPE;
        if (count < 0 && errno == EAGAIN)
            return 0;
        if (count < 0 && errno != EINTR)
            return -errno;
        if (count > 0) {
            channel->in.length += (size_t)count;
            reads++;
        }
    }
    return 0;
}

int mr_channel_next(struct mr_channel *channel, struct mr_frame *frame)
{
    struct header header;
    size_t available = channel->in.length - channel->taken;
    if (available < sizeof(header))
        return 0;
    const char *at = channel->in.data + channel->taken;
    memcpy(&header, at, sizeof(header));
    if (header.kind < MR_FRAME_PREPARE || header.kind > MR_FRAME_REFUSED ||
        header.length > MR_FRAME_BODY_MAX)
        return -EPROTO;
    if (available - sizeof(header) < header.length)
        return 0;
    frame->kind = (enum mr_frame_kind)header.kind;
    frame->body = (struct mr_bytes){at + sizeof(header), header.length};
    channel->taken += sizeof(header) + header.length;
    return 1;
}
