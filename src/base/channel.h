/* The channel between master and worker: a socket pair that carries frames, each a kind and a body,
 * in both directions. If one process ends, the other finds the channel closed: a worker then stops
 * gracefully. */
#ifndef MR_BASE_CHANNEL_H
#define MR_BASE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Descriptors that a worker gets from the master. */
enum {
    MR_WORKER_CHANNEL_FD = 3,
    MR_WORKER_SCOREBOARD_FD,
    MR_WORKER_PLACE_FD, /* claim of the worker's number, if any; it lasts while either holds it */
};

enum mr_frame_kind {
    /* master to worker */
    MR_FRAME_PREPARE =
        1, /* body: a snapshot; load it beside the current generation, answer LOADED or REFUSED */
    MR_FRAME_SWITCH,   /* u64 generation: use it for all new messages */
    MR_FRAME_DISCARD,  /* u64 generation: drop the prepared one */
    MR_FRAME_STOP,     /* stop gracefully, as all workers do */
    MR_FRAME_RETIRE,   /* stop gracefully, while the other workers go on */
    MR_FRAME_REOPEN,   /* reopen the log */
    MR_FRAME_POISON,   /* a message (base/poison.h) at which workers died */
    MR_FRAME_HARMLESS, /* a message of an earlier POISON frame: it is settled */
    /* worker to master */
    MR_FRAME_BURIED,  /* a message of a POISON frame: this worker has settled it */
    MR_FRAME_LOADED,  /* u64 generation */
    MR_FRAME_REFUSED, /* u64 generation; bytes: why, one line per error; u64 exit code. The code is
                         MR_EXIT_DATA for a script, MR_EXIT_CONFIG for a setting (an unknown
                         property of librdkafka, say) */
};

struct mr_frame {
    enum mr_frame_kind kind;
    struct mr_bytes body; /* borrowed from the channel until the next call */
};

struct mr_channel {
    int fd; /* non-blocking; owned */
    struct mr_buf in;
    struct mr_buf out;
    size_t taken; /* bytes of `in` that returned frames used */
    size_t sent;  /* bytes of `out` that are sent */
};

/* A frame with a longer body is malformed. (A snapshot holds the text of all scripts.) */
enum { MR_FRAME_BODY_MAX = 1 << 30 };

/* Takes over the descriptor and makes it non-blocking and close-on-exec. */
void mr_channel_init(struct mr_channel *channel, int fd);
void mr_channel_close(struct mr_channel *channel);

/* Appends a frame to the output. Never fails; mr_channel_flush sends the output. */
void mr_channel_put(struct mr_channel *channel, enum mr_frame_kind kind, struct mr_bytes body);
/* Appends a frame whose body is one u64. */
void mr_channel_put_u64(struct mr_channel *channel, enum mr_frame_kind kind, uint64_t value);
/* Sends as much as the socket takes. Returns 0 if everything is sent, 1 if output is left (wait
 * until the socket is writable), -errno if the channel is broken. */
int mr_channel_flush(struct mr_channel *channel);
/* Returns true while output waits to be sent. */
bool mr_channel_pending(const struct mr_channel *channel);
/* Drops the output that waits to be sent. */
void mr_channel_drop(struct mr_channel *channel);
/* Reads the available bytes, a bounded amount per call (wait until the socket is readable again).
 * Returns 0 or -errno; -EPIPE if the other end is closed. Frames that were read before stay
 * readable. */
int mr_channel_fill(struct mr_channel *channel);
/* Takes the next whole frame. Returns 1 with the frame, 0 if there is none yet, -EPROTO if the
 * bytes are not a frame. */
int mr_channel_next(struct mr_channel *channel, struct mr_frame *frame);

#endif
