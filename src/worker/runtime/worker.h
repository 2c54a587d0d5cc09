/* A worker: one loop, one Lua VM, one consumer a group, one producer, one reply inbox; tells its
 * master over the channel. */
#ifndef MR_WORKER_RUNTIME_WORKER_H
#define MR_WORKER_RUNTIME_WORKER_H

#include <stdint.h>

/* Runs the worker of that slot (from 0) on the descriptors of base/channel.h until the master stops
 * it or is gone; returns an enum mr_exit. */
int mr_worker_run(uint64_t slot);

#endif
