/* The line between master and worker: a socket pair, frames of a kind and a body each way. The end
 * that closes is gone: a worker whose master is gone stops gracefully. */
#ifndef MR_BASE_CHANNEL_H
#define MR_BASE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Descriptors at which a worker finds what the master gave it. */
enum {
    MR_WORKER_CHANNEL_FD = 3,
    MR_WORKER_SCOREBOARD_FD,
    MR_WORKER_PLACE_FD, /* the claim of its place, if there is one: it lasts as long as either */
};

enum mr_frame_kind {
    /* master to worker */
    MR_FRAME_PREPARE =
        1, /* body: a snapshot; load it beside the current generation, answer LOADED or REFUSED */
    MR_FRAME_SWITCH,   /* u64 generation: use it for what comes next */
    MR_FRAME_DISCARD,  /* u64 generation: forget what was prepared */
    MR_FRAME_STOP,     /* stop gracefully, as all workers do */
    MR_FRAME_RETIRE,   /* stop gracefully, while the others go on */
    MR_FRAME_REOPEN,   /* reopen the log */
    MR_FRAME_POISON,   /* a message (base/poison.h) that is not to be run again */
    MR_FRAME_HARMLESS, /* the same one: it is done with */
    /* worker to master */
    MR_FRAME_BURIED,  /* a message that was not to be run again: done with */
    MR_FRAME_LOADED,  /* u64 generation */
    MR_FRAME_REFUSED, /* u64 generation, bytes: why, a line an error; u64 exit code: MR_EXIT_DATA (a
                         script) or MR_EXIT_CONFIG (a setting, such as a property that librdkafka
                         does not know) */
};

struct mr_frame {
    enum mr_frame_kind kind;
    struct mr_bytes body; /* borrowed from the channel until the next call */
};

struct mr_channel {
    int fd; /* non-blocking; owned */
    struct mr_buf in;
    struct mr_buf out;
    size_t taken; /* bytes of `in` that frames already given used */
    size_t sent;  /* bytes of `out` that went already */
};

/* A body longer than this is no frame (a snapshot holds the text of all scripts). */
enum { MR_FRAME_BODY_MAX = 1 << 30 };

/* Takes the descriptor over and makes it non-blocking and close-on-exec. */
void mr_channel_init(struct mr_channel *channel, int fd);
void mr_channel_close(struct mr_channel *channel);

/* Appends a frame to what is to be sent. Never fails; mr_channel_flush sends. */
void mr_channel_put(struct mr_channel *channel, enum mr_frame_kind kind, struct mr_bytes body);
/* The same with a body of one u64. */
void mr_channel_put_u64(struct mr_channel *channel, enum mr_frame_kind kind, uint64_t value);
/* Sends what the socket takes. Returns 0 when all went, 1 when some is left (wait until writable),
 * -errno when broken. */
int mr_channel_flush(struct mr_channel *channel);
/* True while something waits to be sent. */
bool mr_channel_pending(const struct mr_channel *channel);
/* Forgets what waits to be sent. */
void mr_channel_drop(struct mr_channel *channel);
/* Reads what there is, a bounded amount a call (wait until readable again). Returns 0, or -errno;
 * -EPIPE when the other end is gone. Frames read before stay readable. */
int mr_channel_fill(struct mr_channel *channel);
/* The next whole frame. Returns 1 with it, 0 when there is none yet, -EPROTO when the bytes are no
 * frame. */
int mr_channel_next(struct mr_channel *channel, struct mr_frame *frame);

#endif
