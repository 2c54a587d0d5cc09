/* The producer of a worker's transactions, under an id that is the worker's for as long as it
 * lives. Whoever opens transactions under an id ends what its last owner left open, so a producer
 * that fails for good is replaced in place. */
#ifndef MR_WORKER_TRANSACTIONAL_H
#define MR_WORKER_TRANSACTIONAL_H

#include <stdbool.h>
#include <uv.h>

#include "base/claim.h"
#include "base/config.h"
#include "base/errors.h"
#include "kafka/producer.h"
#include "worker/warmup.h"

struct mr_transactional {
    const struct mr_config *config; /* set, as are the next two, before it is opened */
    uv_loop_t *loop;
    int wake_fd;
    struct mr_claim claim;
    struct mr_producer *producer; /* NULL until it is opened */
    struct mr_warmup warmup;      /* closed, where the producer is new */
};

/* Makes the producer; or another one in its place, when nothing of it is outstanding and its
 * warming up asks nothing. Returns 0, or -1 with errors, and then there is none. */
int mr_transactional_open(struct mr_transactional *transactional,
                          const struct mr_producer_events *events, void *data,
                          struct mr_errors *errors);
/* Gives up what is outstanding. The loop must have run until nothing is asked any more. */
void mr_transactional_free(struct mr_transactional *transactional);

#endif
