/* The master's end of a worker's channel, on the loop: frames come to a function, what is sent goes
 * when the socket takes it. */
#ifndef MR_MASTER_LINE_H
#define MR_MASTER_LINE_H

#include <sys/types.h>
#include <uv.h>

#include "base/channel.h"

struct mr_line;

typedef void mr_line_frame_fn(void *context, uint64_t slot, const struct mr_frame *frame);

/* Takes the descriptor over. A worker (slot and pid) that sends what is no frame is logged and
 * killed. */
struct mr_line *mr_line_new(uv_loop_t *loop, int fd, uint64_t slot, pid_t pid,
                            mr_line_frame_fn *on_frame, void *context);
/* To a worker that is gone: nothing. */
void mr_line_send(struct mr_line *line, enum mr_frame_kind kind, struct mr_bytes body);
/* Gives what was sent up to now to the function. May be called for a worker that has ended. */
void mr_line_drain(struct mr_line *line);
/* No frame comes after this (the loop has to run once more; frames given up to now stay readable
 * until then). */
void mr_line_free(struct mr_line *line);

#endif
