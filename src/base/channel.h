/* The line between master and worker: a socket pair, frames of a kind and a body each way. The end that closes is gone:
 * a worker whose master is gone stops gracefully. */
#ifndef MR_BASE_CHANNEL_H
#define MR_BASE_CHANNEL_H

#include <stdint.h>

#include "base/buf.h"

/* Descriptors at which a worker finds what the master gave it. */
enum { MR_WORKER_CHANNEL_FD = 3, MR_WORKER_SCOREBOARD_FD = 4 };

enum mr_frame_kind {
    /* master to worker */
    MR_FRAME_PREPARE = 1, /* body: a snapshot; load it beside the current generation, answer LOADED or REFUSED */
    MR_FRAME_SWITCH,      /* u64 generation: use it for what comes next */
    MR_FRAME_DISCARD,     /* u64 generation: forget what was prepared */
    MR_FRAME_STOP,        /* stop gracefully */
    MR_FRAME_REOPEN,      /* reopen the log */
    /* worker to master */
    MR_FRAME_LOADED,  /* u64 generation */
    MR_FRAME_REFUSED, /* u64 generation, bytes: why, a line an error */
};

struct mr_frame {
    enum mr_frame_kind kind;
    struct mr_bytes body; /* borrowed from the channel until the next call */
};

struct mr_channel {
    int fd; /* non-blocking; owned */
    struct mr_buf in;
    struct mr_buf out;
    size_t taken; /* bytes of `in` that the last frame used */
};

void mr_channel_init(struct mr_channel *channel, int fd);
void mr_channel_close(struct mr_channel *channel);

/* Appends a frame to what is to be sent. Never fails; mr_channel_flush sends. */
void mr_channel_put(struct mr_channel *channel, enum mr_frame_kind kind, struct mr_bytes body);
/* Sends what the socket takes. Returns 0 when all went, 1 when some is left (wait until writable), -errno when broken. */
int mr_channel_flush(struct mr_channel *channel);
/* Reads what there is. Returns 0, or -errno; -EPIPE when the other end is gone. Frames read before stay readable. */
int mr_channel_fill(struct mr_channel *channel);
/* The next whole frame. Returns 1 with it, 0 when there is none yet, -EPROTO when the bytes are no frame. */
int mr_channel_next(struct mr_channel *channel, struct mr_frame *frame);

#endif
