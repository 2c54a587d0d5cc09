/* Drains partitions of one consumer that are revoked. Handlers at work on them may end within
 * drain_timeout, and the offsets of messages that are done are committed. Only then are the
 * partitions given back to the group. Meanwhile the member stays in its group, and handlers of
 * other partitions go on. */
#ifndef MR_WORKER_CONSUMER_REVOCATION_H
#define MR_WORKER_CONSUMER_REVOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timers.h"
#include "kafka/consumer/consumer.h"

/* {0}: no partition drains. */
struct mr_revocation {
    struct mr_timers *timers;
    struct mr_timer timer; /* so that there is a turn when the time is up */
    const char *group;
    struct mr_consumer *consumer;
    size_t count; /* partitions */
    uint64_t began, ends;
    enum { MR_DRAIN_NONE, MR_DRAIN_HANDLERS, MR_DRAIN_COMMIT } phase;
};

/* Begins to drain `count` partitions; `timeout` in ms. If others drain already, all are drained
 * together, and the time begins anew. */
void mr_revocation_begin(struct mr_revocation *drain, struct mr_timers *timers, const char *group,
                         struct mr_consumer *consumer, size_t count, uint64_t timeout);
/* Drains as far as it can; call it every turn. `let_go` returns false if jobs are left and it is
 * not `late`: it is asked again then. Else it stores the offsets, abandons the jobs that are left,
 * releases the partitions, and returns true. */
void mr_revocation_further(struct mr_revocation *drain,
                           bool (*let_go)(void *data, struct mr_consumer *consumer, bool late),
                           void *data);
/* Sets another time limit, in ms from the drain's beginning. Does nothing if no handlers are waited
 * for. */
void mr_revocation_limit(struct mr_revocation *drain, uint64_t timeout);
/* Gives the partitions back as they are. */
void mr_revocation_end(struct mr_revocation *drain);
/* Ends the drain without giving the partitions back: that is not needed any more. */
void mr_revocation_stop(struct mr_revocation *drain);

#endif
