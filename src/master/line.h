/* The master's end of a worker's channel, on the loop. Received frames go to a function; sent
 * frames leave when the socket takes them. */
#ifndef MR_MASTER_LINE_H
#define MR_MASTER_LINE_H

#include <sys/types.h>
#include <uv.h>

#include "base/channel.h"

struct mr_line;

typedef void mr_line_frame_fn(void *context, uint64_t slot, const struct mr_frame *frame);

/* Takes over the descriptor. If the worker (slot and pid) sends something that is no frame, logs
 * that and kills the worker. */
struct mr_line *mr_line_new(uv_loop_t *loop, int fd, uint64_t slot, pid_t pid,
                            mr_line_frame_fn *on_frame, void *context);
/* Sends a frame; does nothing if the channel is broken. */
void mr_line_send(struct mr_line *line, enum mr_frame_kind kind, struct mr_bytes body);
/* Passes the frames that have arrived to the function. The worker may have ended already. */
void mr_line_drain(struct mr_line *line);
/* Passes no frame after this. The loop must run once more; frames passed before stay readable until
 * then. */
void mr_line_free(struct mr_line *line);

#endif
