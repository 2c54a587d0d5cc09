/* The place at which a message was first written, whatever topics it came through since. */
#ifndef MR_WORKER_JOB_ORIGIN_H
#define MR_WORKER_JOB_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

struct mr_origin {
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp;   /* ms; -1 if the record has none */
    bool broker_s_clock; /* the timestamp is from the broker, not from the sender */
};

#endif
