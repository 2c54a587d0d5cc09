/* Sends records at once if no others would join their batch. Each record lingers in librdkafka for
 * others (linger.ms), and only a flush ends that. A flush waits for acknowledgements, so a thread
 * of libuv's pool does it, for as long as the records would linger. */
#ifndef MR_WORKER_PRODUCER_EARLY_FLUSH_H
#define MR_WORKER_PRODUCER_EARLY_FLUSH_H

#include <stdbool.h>
#include <uv.h>

#include "config/config.h"
#include "kafka/producer.h"

struct mr_early_flush {
    uv_loop_t *loop;
    const struct mr_producer *via; /* must outlive this structure */
    uv_work_t work;
    bool under_way;
    bool never; /* kafka.properties set how long records linger */
};

void mr_early_flush_start(struct mr_early_flush *hurry, const struct mr_config *config,
                          uv_loop_t *loop, const struct mr_producer *via);
/* Makes the records that the producer has leave now. Does nothing while another such call is under
 * way, or if kafka.properties set how long records linger. */
void mr_early_flush(struct mr_early_flush *hurry);
/* Checks that no flush is under way: first the loop must have run until then. */
void mr_early_flush_free(struct mr_early_flush *hurry);

#endif
