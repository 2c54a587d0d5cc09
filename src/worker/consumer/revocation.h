/* Partitions of one consumer on their way out: the handlers at work on them may end within
 * drain_timeout, what is done is committed, and only then the group gets them back. Meanwhile the
 * member is in its group as before, and other partitions' handlers go on. */
#ifndef MR_WORKER_CONSUMER_REVOCATION_H
#define MR_WORKER_CONSUMER_REVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timers.h"
#include "kafka/consumer/consumer.h"

/* {0}: none are. */
struct mr_drain {
    struct mr_timers *timers;
    struct mr_timer timer; /* so that there is a turn when the time is up */
    const char *group;
    struct mr_consumer *consumer;
    size_t count; /* partitions */
    uint64_t began, ends;
    enum { MR_DRAIN_NONE, MR_DRAIN_HANDLERS, MR_DRAIN_COMMIT } phase;
};

/* `timeout` in ms. Partitions that follow while others drain are drained with them. */
void mr_drain_begin(struct mr_drain *drain, struct mr_timers *timers, const char *group,
                    struct mr_consumer *consumer, size_t count, uint64_t timeout);
/* Goes as far as it can; call it every turn. `let_go` is asked whether the partitions have nothing
 * at work any more; where it is `late` it gives that up. It stores what is done and returns true,
 * or false to be asked again. */
void mr_drain_further(struct mr_drain *drain,
                      bool (*let_go)(void *data, struct mr_consumer *consumer, bool late),
                      void *data);
/* Another time limit, from the drain's beginning. Does nothing when none is under way. */
void mr_drain_limit(struct mr_drain *drain, uint64_t timeout);
void mr_drain_end(struct mr_drain *drain);  /* gives the partitions back as they are */
void mr_drain_stop(struct mr_drain *drain); /* nobody waits for them any more */

#endif
