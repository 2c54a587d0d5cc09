/* The questions of a consumer about its group, asked one at a time in the background. A question
 * waits for a broker, so a thread of libuv's pool asks it. */
#ifndef MR_WORKER_CONSUMER_START_OFFSETS_H
#define MR_WORKER_CONSUMER_START_OFFSETS_H

#include <stdbool.h>
#include <uv.h>

#include "kafka/consumer/consumer.h"

struct mr_start_offsets {
    uv_loop_t *loop; /* set, with the next two, before the first poll */
    int wake_fd;     /* written when there is an answer */
    struct mr_consumer *consumer;
    uv_work_t work;
    struct mr_question *question; /* NULL: no question is under way */
    bool stopped;
};

/* Asks the consumer's next question, if it has one and none is under way. Call it after each poll
 * of the consumer. */
void mr_start_offsets_further(struct mr_start_offsets *asking);
/* Asks no more questions; a question under way ends within a second or so. The consumer may be
 * freed once the loop has run until then, or if `question` is NULL. */
void mr_start_offsets_stop(struct mr_start_offsets *asking);

#endif
