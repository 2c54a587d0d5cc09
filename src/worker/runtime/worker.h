/* A worker: one loop, one Lua VM, one consumer per group, one producer and one reply inbox. It
 * reports to its master over the channel. */
#ifndef MR_WORKER_RUNTIME_WORKER_H
#define MR_WORKER_RUNTIME_WORKER_H

#include <stdint.h>

/* Runs the worker of that slot (from 0) on the descriptors of base/channel.h, until it is stopped
 * or its master is dead. Returns an enum mr_exit. */
int mr_worker_run(uint64_t slot);

#endif
