/* Starts one worker process: this very binary again, with what it is handed on the descriptors of
 * base/channel.h. */
#ifndef MR_MASTER_SPAWN_H
#define MR_MASTER_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

/* Returns 0 with the process id and the master's end of its channel (the caller's to close), or
 * -errno. `place_fd` is the claim of the slot's place, 0 if there is none. Neither end nor anything
 * else that the master has open stays open in the other process, but standard input, output and
 * error. */
int mr_spawn_worker(uint64_t slot, int board_fd, int place_fd, pid_t *pid, int *channel_fd);

#endif
