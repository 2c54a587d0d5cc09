/* Starts one worker process: this very binary again. It gets its channel, scoreboard and place on
 * the descriptors of base/channel.h. */
#ifndef MR_MASTER_SPAWN_H
#define MR_MASTER_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

/* Returns 0 with the process id and the master's end of the channel (the caller closes it), or
 * -errno. `place_fd` is the claim of the slot's place, 0 if there is none. Besides its own
 * descriptors, the worker inherits only standard input, output and error. */
int mr_spawn_worker(uint64_t slot, int board_fd, int place_fd, pid_t *pid, int *channel_fd);

#endif
