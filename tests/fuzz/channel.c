/* Bytes on the line between master and worker, in pieces of any size. The first byte is the size of
 * a piece. */
#include "fuzz.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/channel.h"

/* The frames that are there so far; -EPROTO where the bytes are none. What they are made of is put
 * into `seen`. */
static int take_frames(struct mr_channel *channel, struct mr_channel *seen)
{
    struct mr_frame frame;
    int result;
    while ((result = mr_channel_next(channel, &frame)) == 1) {
        PROMISED(frame.kind >= MR_FRAME_PREPARE && frame.kind <= MR_FRAME_REFUSED);
        PROMISED(frame.body.length <= MR_FRAME_BODY_MAX);
        mr_channel_put(seen, frame.kind, frame.body);
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = {(const char *)data, (const char *)data + size};
    size_t piece = (size_t)next_byte(&cursor) + 1;
    const char *begin = cursor.at;
    struct mr_channel channel, seen = {.fd = -1};
    int fds[2], result = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return 0;
    mr_channel_init(&channel, fds[0]);
    while (cursor.at < cursor.end && result == 0) {
        size_t left = (size_t)(cursor.end - cursor.at), length = piece < left ? piece : left;
        PROMISED(write(fds[1], cursor.at, length) == (ssize_t)length);
        cursor.at += length;
        PROMISED(mr_channel_fill(&channel) == 0);
        result = take_frames(&channel, &seen);
    }
    PROMISED(result == 0 || result == -EPROTO);
    PROMISED(take_frames(&channel, &seen) == result);
    PROMISED(seen.out.length <= (size_t)(cursor.at - begin));
    PROMISED(seen.out.length == 0 || memcmp(seen.out.data, begin, seen.out.length) == 0);
    close(fds[1]);
    PROMISED(mr_channel_fill(&channel) == -EPIPE);
    mr_channel_close(&channel);
    mr_channel_close(&seen);
    return 0;
}
