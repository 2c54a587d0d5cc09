/* Records that nothing would join leave at once. librdkafka lets each linger for others
 * (linger.ms), and only a flush tells it not to; that waits for their acknowledgement, so a thread
 * of libuv's pool does it, for as long as they would linger. */
#ifndef MR_WORKER_PRODUCER_EARLY_FLUSH_H
#define MR_WORKER_PRODUCER_EARLY_FLUSH_H

#include <stdbool.h>
#include <uv.h>

#include "config/config.h"
#include "kafka/producer.h"

struct mr_hurry {
    uv_loop_t *loop;
    const struct mr_producer *via; /* must outlive it */
    uv_work_t work;
    bool under_way;
    bool never; /* kafka.properties say how long records linger */
};

void mr_hurry_start(struct mr_hurry *hurry, const struct mr_config *config, uv_loop_t *loop,
                    const struct mr_producer *via);
/* What was handed to the producer leaves now. While that is under way another call does nothing. */
void mr_hurry(struct mr_hurry *hurry);
/* The loop must have run until nothing is under way. */
void mr_hurry_free(struct mr_hurry *hurry);

#endif
