/* The master's end of a worker's channel, on the loop: frames come to a function, what is sent goes
 * when the socket takes it. */
#ifndef MR_MASTER_LINK_H
#define MR_MASTER_LINK_H

#include <sys/types.h>
#include <uv.h>

#include "base/channel.h"

struct mr_link;

typedef void mr_link_frame_fn(void *context, uint64_t slot, const struct mr_frame *frame);

/* Takes the descriptor over. A worker (slot and pid) that sends what is no frame is logged and
 * killed. */
struct mr_link *mr_link_new(uv_loop_t *loop, int fd, uint64_t slot, pid_t pid,
                            mr_link_frame_fn *on_frame, void *context);
/* To a worker that is gone: nothing. */
void mr_link_send(struct mr_link *link, enum mr_frame_kind kind, struct mr_bytes body);
/* Gives what was sent up to now to the function. May be called for a worker that has ended. */
void mr_link_drain(struct mr_link *link);
/* No frame comes after this (the loop has to run once more; frames given up to now stay readable
 * until then). */
void mr_link_free(struct mr_link *link);

#endif
