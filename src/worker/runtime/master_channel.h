/* The worker's end of the channel to its master, on the loop. */
#ifndef MR_WORKER_RUNTIME_MASTER_CHANNEL_H
#define MR_WORKER_RUNTIME_MASTER_CHANNEL_H

#include <stdint.h>
#include <uv.h>

#include "base/channel.h"
#include "base/poison.h"

struct mr_master_channel_events {
    void (*frame)(void *data, const struct mr_frame *frame);
    void (*gone)(void *data); /* the master has closed its end: once, after its last frame */
};

struct mr_master_channel {
    struct mr_channel channel;
    uv_poll_t poll;
    const struct mr_master_channel_events *events;
    void *data;
    bool gone;
    bool reading; /* frames are being passed on */
};

void mr_master_channel_start(struct mr_master_channel *link, uv_loop_t *loop, int fd,
                             const struct mr_master_channel_events *events, void *data);
/* Passes on the frames that have come, before the loop would. Does nothing if called from within
 * `frame`. */
void mr_master_channel_read(struct mr_master_channel *link);
void mr_master_channel_loaded(struct mr_master_channel *link, uint64_t generation);
/* Reports to the master that a poisoned message is done with. */
void mr_master_channel_buried(struct mr_master_channel *link, const struct mr_message_id *id);
void mr_master_channel_refused(struct mr_master_channel *link, uint64_t generation, const char *why,
                               int exit_code);

#endif
